import { expect, test } from 'vitest';
import { createLog, silentLog } from './log.ts';

const collect = (format: 'json' | 'text', level: 'info' | 'debug' = 'info') => {
  const lines: string[] = [];
  return { lines, log: createLog({ level, format, destination: { write: (line) => void lines.push(line) } }) };
};

test('secrets are removed at every level', () => {
  const { lines, log } = collect('json');
  log.info({ access_token: 's1', a: { password: 's2', b: { authorization: 's3' } }, room: '!r' }, 'hello');
  expect(lines.join('')).not.toMatch(/s1|s2|s3/);
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({
    level: 'info',
    msg: 'hello',
    room: '!r',
    access_token: '[removed]',
  });
});

test('children add fields and levels are kept', () => {
  const { lines, log } = collect('json');
  const child = log.child({ part: 'http' });
  child.debug({}, 'not written');
  child.warn({ n: 1 }, 'written');
  expect(lines).toHaveLength(1);
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ part: 'http', n: 1, level: 'warn' });
  expect([log.isEnabled('info'), log.isEnabled('debug')]).toEqual([true, false]);
});

test('text lines are for people', () => {
  const { lines, log } = collect('text', 'debug');
  log.debug({ name: 'a b', n: 2 }, 'Something happened');
  expect(lines[0]).toMatch(/^\d{4}-.* DEBUG Something happened name="a b" n=2\n$/);
  log.error({ err: new Error('broken') }, 'Failed');
  expect(lines[1]).toMatch(/ERROR Failed\n {2}Error: broken\n/);
  const known = Object.assign(new Error('no'), { why: 'The disk is full.', remedy: 'Free space.' });
  log.warn({ err: known, id: 7 }, 'Failed');
  expect(lines[2]).toMatch(
    /WARN {2}Failed\n {2}The disk is full\.\n {2}What to do: Free space\.\n {2}Error: no\n.* id=7\n$/s,
  );
});

test('the silent log is silent', () => {
  silentLog.child({}).info({}, 'x');
  expect(silentLog.isEnabled('info')).toBe(false);
});
