// IP addresses and networks (CIDR), compared as numbers. An IPv4 address mapped into IPv6 counts as the IPv4 address.

import { isIPv4, isIPv6 } from 'node:net';

export interface Address {
  readonly family: 4 | 6;
  readonly value: bigint;
}

/** A network: the addresses that share the first `prefixLength` bits. */
export interface Cidr {
  readonly family: 4 | 6;
  readonly value: bigint;
  readonly prefixLength: number;
  readonly text: string;
}

const parseV4 = (text: string): bigint => text.split('.').reduce((value, part) => (value << 8n) | BigInt(part), 0n);

function parseV6(text: string): bigint {
  const withHex = text.replace(/(\d+\.\d+\.\d+\.\d+)$/, (v4) => {
    const value = parseV4(v4);
    return `${(value >> 16n).toString(16)}:${(value & 0xffffn).toString(16)}`;
  });
  const [left = '', right] = withHex.split('::');
  const leftParts = left === '' ? [] : left.split(':');
  const rightParts = right === undefined || right === '' ? [] : right.split(':');
  const zeros = right === undefined ? 0 : 8 - leftParts.length - rightParts.length;
  const parts = [...leftParts, ...Array<string>(zeros).fill('0'), ...rightParts];
  return parts.reduce((value, part) => (value << 16n) | BigInt(`0x${part}`), 0n);
}

/** Reads an IPv4 or IPv6 address (a zone such as %eth0 is dropped); undefined when it is none. */
export function parseAddress(text: string): Address | undefined {
  const zone = text.indexOf('%');
  const bare = zone < 0 ? text : text.slice(0, zone);
  if (isIPv4(bare)) return { family: 4, value: parseV4(bare) };
  if (!isIPv6(bare)) return undefined;
  const value = parseV6(bare);
  return value >> 32n === 0xffffn ? { family: 4, value: value & 0xffff_ffffn } : { family: 6, value };
}

/** Reads `10.0.0.0/8`, `::1/128` or a single address; undefined when it is none. */
export function parseCidr(text: string): Cidr | undefined {
  const slash = text.indexOf('/');
  const address = parseAddress(slash < 0 ? text : text.slice(0, slash));
  if (!address) return undefined;
  const bits = address.family === 4 ? 32 : 128;
  const length = slash < 0 ? String(bits) : text.slice(slash + 1);
  if (!/^\d{1,3}$/.test(length) || Number(length) > bits) return undefined;
  return { ...address, prefixLength: Number(length), text };
}

/** Whether the address lies in the network. */
export function isWithin(address: Address, cidr: Cidr): boolean {
  if (address.family !== cidr.family) return false;
  const shift = BigInt((cidr.family === 4 ? 32 : 128) - cidr.prefixLength);
  return address.value >> shift === cidr.value >> shift;
}

/** The network an address is counted in by rate limits: itself for IPv4, its /64 for IPv6 (one household or host). */
export function limitKey(text: string): string {
  const address = text.includes(':') ? parseAddress(text) : undefined;
  return address?.family === 6 ? `${(address.value >> 64n).toString(16)}/64` : text;
}
