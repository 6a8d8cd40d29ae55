import { expect, test } from 'vitest';
import { isWithin, limitKey, parseAddress, parseCidr } from './address.ts';

test.each([
  ['10.1.2.3', '10.0.0.0/8', true],
  ['11.1.2.3', '10.0.0.0/8', false],
  ['192.168.255.255', '192.168.0.0/16', true],
  ['127.0.0.1', '127.0.0.1', true],
  ['127.0.0.2', '127.0.0.1/32', false],
  ['::1', '::1/128', true],
  ['fe80::1%eth0', 'fe80::/10', true],
  ['fec0::1', 'fe80::/10', false],
  ['::ffff:10.0.0.1', '10.0.0.0/8', true],
  ['::ffff:a00:1', '10.0.0.0/8', true],
  ['2001:db8::1', '10.0.0.0/8', false],
  ['8.8.8.8', '0.0.0.0/0', true],
  ['64:ff9b::1.2.3.4', '64:ff9b::102:304', true],
])('%s in %s: %s', (address, network, expected) => {
  const parsed = parseAddress(address);
  const cidr = parseCidr(network);
  expect(parsed && cidr && isWithin(parsed, cidr)).toBe(expected);
});

test.each(['', 'host', '1.2.3', '01.2.3.4', '10.0.0.0/33', '::/129', '10.0.0.0/', '10.0.0.0/x', '1::2::3'])(
  '%j is no network',
  (text) => expect(parseCidr(text)).toBeUndefined(),
);

test('limits count IPv6 by its /64', () => {
  expect(limitKey('2001:db8:1:2::1')).toBe(limitKey('2001:db8:1:2:ffff::9'));
  expect(limitKey('2001:db8:1:3::1')).not.toBe(limitKey('2001:db8:1:2::1'));
  expect(limitKey('192.0.2.1')).toBe('192.0.2.1');
});
