// The crash drill on one engine: people write, something is killed, everything comes back, and nothing that was answered is missing.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPostgres, type TestPostgres } from '../../harness/postgres.ts';
import { seededRandom } from '../../harness/seeded-random.ts';
import { launchServer, startServer, type TestServer, type TestServerOptions } from '../../harness/server.ts';
import { createTimelineCheck, type TimelineCheck } from './check-timelines.ts';
import {
  checkAllKeys,
  checkDeviceKeys,
  checkKeyCounts,
  checkLastValues,
  checkMedia,
  checkMessages,
} from './check-values.ts';
import { createGate, type Gate } from './gate.ts';
import { createLedger, type Ledger } from './ledger.ts';
import { openStored, proveStates } from './prove-states.ts';
import { createObserver, type Observer } from './room-reader.ts';
import { PEOPLE, type Settlement, settle } from './settle.ts';
import { work } from './work.ts';

export type Engine = 'sqlite' | 'postgres';
/** What is killed. */
type Victim = 'server' | 'database' | 'server and database';

export interface DrillOptions {
  readonly engine: Engine;
  readonly kills: number;
  readonly seed: number;
  readonly say: (line: string) => void;
}

export interface DrillResult {
  readonly passed: number;
  readonly failed: number;
}

const PARK_TIMEOUT_MS = 60_000;
/** So many requests are answered, at least and at most, before something is killed; a slow machine gets this long for them. */
const ANSWERS = { min: 1, max: 500 };
const WORK_MS_MAX = 20_000;
/** And then something is killed so many milliseconds later, at most. */
const LATER_MS_MAX = 30;
/** A server is killed again this long after it was started, at most. */
const STARTING_MS_MAX = 1_200;

const victims: Readonly<Record<Engine, readonly Victim[]>> = {
  sqlite: ['server'],
  postgres: ['server', 'database', 'server', 'server and database'],
};

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const untilAnswering = async (baseUrl: string): Promise<void> => {
  for (let attempt = 0; attempt < 600; attempt += 1) {
    const answer = await fetch(`${baseUrl}/ready`).catch(() => undefined);
    if (answer?.ok) return;
    await sleep(50);
  }
  throw new Error('the server did not get ready again within 30 s after its database came back');
};

interface Scene {
  readonly options: DrillOptions;
  readonly serverOptions: TestServerOptions;
  readonly postgres: TestPostgres | undefined;
  readonly ledger: Ledger;
  readonly gate: Gate;
  server: TestServer;
}

/** Kills `victim` and brings everything back; a killed server is sometimes killed once more while it starts. */
const killAndRestart = async (scene: Scene, victim: Victim, killedStartingMs: number | undefined): Promise<void> => {
  const { postgres, gate } = scene;
  const alsoServer = victim !== 'database';
  const alsoDatabase = victim !== 'server';
  // What is answered after this moment, and before the process is dead, was answered all the same.
  gate.close();
  await Promise.all([alsoServer && scene.server.stop('SIGKILL'), alsoDatabase && postgres?.crash()]);
  await gate.allWaiting(PARK_TIMEOUT_MS);
  if (alsoDatabase) await postgres?.start();
  if (!alsoServer) {
    await untilAnswering(scene.server.baseUrl);
    return;
  }
  if (killedStartingMs !== undefined) {
    const starting = await launchServer(scene.serverOptions);
    await sleep(killedStartingMs);
    await starting.stop('SIGKILL');
  }
  scene.server = await startServer(scene.serverOptions);
};

const checkEverything = async (
  { ledger, serverOptions }: Scene,
  { people, reader }: Settlement,
  timelines: TimelineCheck,
  isLast: boolean,
): Promise<string[]> => {
  const { directory = '', database } = serverOptions;
  await using stored = await openStored(directory, database);
  return [
    ...ledger.problems.splice(0),
    ...(await timelines.check()),
    ...(await checkLastValues(ledger, people, reader)),
    ...(await checkMessages(ledger, people)),
    ...(await checkKeyCounts(ledger, people)),
    ...(await checkDeviceKeys(ledger, people)),
    ...(await checkMedia(ledger, isLast ? ledger.media.keys() : ledger.uncheckedMedia.splice(0), reader)),
    ...(isLast ? await timelines.checkAll() : []),
    ...(isLast ? await checkAllKeys(ledger, people) : []),
    ...(await proveStates(stored, isLast)),
  ];
};

const observe = async (observer: Observer, ledger: Ledger, gate: Gate): Promise<void> => {
  while (await gate.pass()) {
    try {
      const answered = await observer.step(1_000);
      if (!answered && !gate.isClosed) ledger.problems.push('the observer got no answer from a server that was up');
    } catch (error) {
      if (!gate.isClosed) ledger.problems.push(`the observer: ${(error as Error).message}`);
    }
  }
};

const PROBLEMS_SHOWN_MAX = 20;
const OUTPUT_SHOWN_MAX = 4_000;

const report = (say: (line: string) => void, title: string, problems: readonly string[]): boolean => {
  say(`${title}: ${problems.length === 0 ? 'nothing is missing' : `${problems.length} PROBLEMS`}`);
  for (const problem of problems.slice(0, PROBLEMS_SHOWN_MAX)) say(`  ${problem}`);
  return problems.length === 0;
};

const rounds = async (scene: Scene, settlement: Settlement, timelines: TimelineCheck): Promise<DrillResult> => {
  const { options, ledger, gate } = scene;
  const { engine, kills, say } = options;
  const random = seededRandom(options.seed).fork(`${engine} kills`);
  let passed = 0;
  let failed = 0;
  for (let kill = 1; kill <= kills; kill += 1) {
    const victim = victims[engine][(kill - 1) % victims[engine].length]!;
    const enough = ledger.answers + random.between(ANSWERS.min, ANSWERS.max);
    const laterMs = random.below(LATER_MS_MAX);
    const startingMs = random.chance(0.25) ? random.below(STARTING_MS_MAX) : undefined;
    const before = ledger.answers;
    gate.open();
    const start = performance.now();
    while (ledger.answers < enough && performance.now() - start < WORK_MS_MAX) await sleep(1);
    await sleep(laterMs);
    await killAndRestart(scene, victim, startingMs);
    const answers = ledger.answers - before;
    const problems = await checkEverything(scene, settlement, timelines, false);
    const title = `${engine}: kill ${kill} of ${kills} (${victim}) after ${answers} answers`;
    if (report(say, title, problems)) passed += 1;
    else failed += 1;
  }
  const problems = await checkEverything(scene, settlement, timelines, true);
  const title = `${engine}: in the end ${timelines.eventCount} events, ${ledger.answeredMessages.size} messages to devices and ${ledger.media.size} files`;
  return report(say, title, problems) ? { passed: passed + 1, failed } : { passed, failed: failed + 1 };
};

/** Each kill counts as one test, and so does the check of everything at the end. */
export const crashDrill = async (options: DrillOptions): Promise<DrillResult> => {
  await using stack = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), 'kintsugi-crash-'));
  stack.defer(() => rm(directory, { recursive: true, force: true }));
  const postgres = options.engine === 'postgres' ? await startPostgres() : undefined;
  stack.defer(() => postgres?.stop());
  const first = await startServer({ directory, ...(postgres && { database: postgres.url }) });
  const serverOptions = { directory, port: first.port, ...(postgres && { database: postgres.url }) };
  const gate = createGate(PEOPLE + 1);
  const scene: Scene = { options, serverOptions, postgres, gate, ledger: createLedger(), server: first };
  stack.defer(async () => void (await scene.server.stop('SIGKILL')));

  const { ledger } = scene;
  const random = seededRandom(options.seed);
  let numbers = 0;
  const serial = (): number => ++numbers;
  const settlement = await settle(first.baseUrl, ledger, serial);
  const observer = await createObserver(settlement.observer);
  const timelines = createTimelineCheck(ledger, settlement.reader, observer, settlement.roomIds);
  const { people } = settlement;
  const working = Promise.all([
    observe(observer, ledger, gate),
    ...people.map((person) =>
      work(person, { ledger, people, serial, random: random.fork(`person ${person.index}`) }, gate),
    ),
  ]);
  const result = await rounds(scene, settlement, timelines).catch((error: Error) => {
    throw new Error(`${error.message}\nThe server wrote:\n${scene.server.output().slice(-OUTPUT_SHOWN_MAX)}`, {
      cause: error,
    });
  });
  gate.end();
  await working;
  return result;
};
