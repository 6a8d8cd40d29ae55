// Keeps one person busy: one operation after the other, asked again after a crash where that is safe.

import type { Gate } from './gate.ts';
import { nextOperation, type Operation, type World } from './operations.ts';
import type { Person } from './person.ts';

type Outcome = 'answered' | 'in doubt';

const tryOnce = async (operation: Operation, person: Person, { ledger }: World, gate: Gate): Promise<Outcome> => {
  const { name } = operation;
  try {
    const { status, body } = await operation.attempt();
    if (status === 200) {
      ledger.answers += 1;
      return 'answered';
    }
    if (status < 500 || !gate.isClosed) {
      ledger.problems.push(`client ${person.index}: ${name} was answered ${status}: ${JSON.stringify(body)}`);
    }
    if (status < 500) return 'answered';
  } catch (error) {
    const { message } = error as Error;
    if (!gate.isClosed || (error as Error).name === 'TimeoutError') {
      ledger.problems.push(`client ${person.index}: ${name} failed while the server was up: ${message}`);
    }
  }
  operation.inDoubt?.();
  return 'in doubt';
};

/** Resolves when the gate says that the drill is over. */
export const work = async (person: Person, world: World, gate: Gate): Promise<void> => {
  let operation = nextOperation(person, world);
  while (await gate.pass()) {
    const outcome = await tryOnce(operation, person, world, gate);
    if (outcome === 'answered' || !operation.repeats) operation = nextOperation(person, world);
  }
};
