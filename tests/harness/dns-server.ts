// A DNS server for tests: answers A, AAAA and SRV over UDP on a free port of this machine, from records that a test sets.

import { createSocket, type RemoteInfo } from 'node:dgram';
import type { AddressInfo } from 'node:net';

export interface DnsRecords {
  readonly A?: readonly string[];
  readonly AAAA?: readonly string[];
  readonly SRV?: readonly { priority: number; weight: number; port: number; host: string }[];
  /** Answers with this code instead: 2 SERVFAIL. */
  readonly rcode?: number;
  /** Seconds; default 0, so that nothing is kept. */
  readonly ttl?: number;
}

export interface DnsServer extends AsyncDisposable {
  /** `address:port`, for a resolver. */
  readonly server: string;
  /** By name in lower case. A name that is not there does not exist. */
  readonly records: Map<string, DnsRecords>;
  /** `TYPE name`, in the order they came. */
  readonly asked: string[];
}

const typeNames: Readonly<Record<number, 'A' | 'AAAA' | 'SRV'>> = { 1: 'A', 28: 'AAAA', 33: 'SRV' };

const encodeName = (name: string): Buffer =>
  Buffer.concat([
    ...name
      .split('.')
      .filter((label) => label !== '')
      .map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label)])),
    Buffer.from([0]),
  ]);

/** The name at `at`, and the index after it. Questions are never compressed. */
const readName = (message: Buffer, at: number): [string, number] => {
  const labels: string[] = [];
  let next = at;
  for (let length = message[next]!; length !== 0; length = message[next]!) {
    labels.push(message.toString('latin1', next + 1, next + 1 + length));
    next += 1 + length;
  }
  return [labels.join('.').toLowerCase(), next + 1];
};

const encodeV6 = (address: string): Buffer => {
  const [left = '', right] = address.split('::');
  const groups = (text: string) => (text === '' ? [] : text.split(':'));
  const zeros = right === undefined ? 0 : 8 - groups(left).length - groups(right).length;
  const all = [...groups(left), ...Array<string>(zeros).fill('0'), ...groups(right ?? '')];
  return Buffer.from(all.map((group) => group.padStart(4, '0')).join(''), 'hex');
};

const dataOf = (records: DnsRecords, type: 'A' | 'AAAA' | 'SRV'): Buffer[] => {
  if (type === 'A') return (records.A ?? []).map((address) => Buffer.from(address.split('.').map(Number)));
  if (type === 'AAAA') return (records.AAAA ?? []).map(encodeV6);
  return (records.SRV ?? []).map(({ priority, weight, port, host }) => {
    const numbers = Buffer.alloc(6);
    numbers.writeUInt16BE(priority, 0);
    numbers.writeUInt16BE(weight, 2);
    numbers.writeUInt16BE(port, 4);
    return Buffer.concat([numbers, encodeName(host)]);
  });
};

const answerTo = (query: Buffer, all: ReadonlyMap<string, DnsRecords>, asked: string[]): Buffer => {
  const [name, end] = readName(query, 12);
  const question = query.subarray(12, end + 4);
  const type = query.readUInt16BE(end);
  const typeName = typeNames[type];
  asked.push(`${typeName ?? type} ${name}`);
  const records = all.get(name);
  const data = records && typeName && !records.rcode ? dataOf(records, typeName) : [];
  const header = Buffer.alloc(12);
  query.copy(header, 0, 0, 2);
  // Response, recursion desired and available; then the code: 3 is NXDOMAIN.
  header.writeUInt16BE(0x8180 | (records ? (records.rcode ?? 0) : 3), 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(data.length, 6);
  const answers = data.map((each) => {
    const fixed = Buffer.alloc(12);
    // A pointer to the name in the question.
    fixed.writeUInt16BE(0xc00c, 0);
    fixed.writeUInt16BE(type, 2);
    fixed.writeUInt16BE(1, 4);
    fixed.writeUInt32BE(records?.ttl ?? 0, 6);
    fixed.writeUInt16BE(each.length, 10);
    return Buffer.concat([fixed, each]);
  });
  return Buffer.concat([header, question, ...answers]);
};

export const startDnsServer = async (initial: Readonly<Record<string, DnsRecords>> = {}): Promise<DnsServer> => {
  const records = new Map(Object.entries(initial));
  const asked: string[] = [];
  const socket = createSocket('udp4');
  socket.on('message', (query: Buffer, { port, address }: RemoteInfo) => {
    socket.send(answerTo(query, records, asked), port, address);
  });
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  const { port } = socket.address() as AddressInfo;
  return {
    server: `127.0.0.1:${port}`,
    records,
    asked,
    [Symbol.asyncDispose]: () => new Promise((resolve) => socket.close(() => resolve())),
  };
};
