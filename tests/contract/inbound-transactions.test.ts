import { expect, test } from 'vitest';
import { parseServerName } from '../../src/protocol/ids/server-name.ts';
import {
  finishInboundTransactions,
  forgetInboundTransactions,
  inboundAnswer,
  pendingInboundTransactions,
  storeInboundTransaction,
} from '../../src/storage/stores/inbound-transactions.ts';
import { describeOnBothEngines } from '../harness/databases.ts';

const origin = parseServerName('a.test');

const transaction = (txnId: string, body: string | null = '{"pdus":[]}', receivedTs = 1) => ({
  origin,
  txnId,
  receivedTs,
  body,
  answer: `{"of":"${txnId}"}`,
});

describeOnBothEngines('inbound transactions', (open) => {
  test('a transaction is stored once, and answered as it was', async () => {
    const db = await open();
    const first = await db.write(storeInboundTransaction, transaction('a\u0010b'));
    expect(first).toEqual({ nid: expect.any(Number), answer: '{"of":"a\u0010b"}' });
    const again = await db.write(storeInboundTransaction, { ...transaction('a\u0010b'), answer: '{"other":1}' });
    expect(again).toEqual({ nid: null, answer: first.answer });
    const other = { ...transaction('a\u0010b'), origin: parseServerName('b.test') };
    expect((await db.write(storeInboundTransaction, other)).nid).not.toBeNull();
    expect(await db.read((tx) => inboundAnswer(tx, origin, 'a\u0010b'))).toBe(first.answer);
    expect(await db.read((tx) => inboundAnswer(tx, origin, 'c'))).toBeUndefined();
  });

  test('what is not worked off comes in its order, page by page', async () => {
    const db = await open();
    const nids: number[] = [];
    for (const txnId of ['1', '2', '3', '4']) {
      const { nid } = await db.write(storeInboundTransaction, transaction(txnId, `{"n":${txnId}}`));
      nids.push(nid!);
    }
    await db.write(storeInboundTransaction, transaction('nothing', null));
    await db.write(finishInboundTransactions, [nids[1]!]);
    const page = await db.read((tx) => pendingInboundTransactions(tx, 0, 2));
    expect(page).toEqual([
      { nid: nids[0], origin, receivedTs: 1, body: '{"n":1}' },
      { nid: nids[2], origin, receivedTs: 1, body: '{"n":3}' },
    ]);
    const rest = await db.read((tx) => pendingInboundTransactions(tx, page[1]!.nid, 2));
    expect(rest.map(({ body }) => body)).toEqual(['{"n":4}']);
    expect(await db.read((tx) => inboundAnswer(tx, origin, '2'))).toBe('{"of":"2"}');
  });

  test('old ones are forgotten', async () => {
    const db = await open();
    await db.write(storeInboundTransaction, transaction('old', null, 10));
    await db.write(storeInboundTransaction, transaction('young', null, 20));
    expect(await db.write(forgetInboundTransactions, 20)).toBe(false);
    expect(await db.read((tx) => inboundAnswer(tx, origin, 'old'))).toBeUndefined();
    expect(await db.read((tx) => inboundAnswer(tx, origin, 'young'))).toBeDefined();
  });
});
