// Decides which addresses may be called. Requests whose target others choose (federation, push gateways, previews) must
// not reach this machine or its private networks: server-side request forgery.

import { type Address, type Cidr, isWithin, parseAddress, parseCidr } from '../../lib/address.ts';
import { OutboundError } from './outbound-error.ts';

const networks = (texts: readonly string[]): Cidr[] => texts.map((text) => parseCidr(text) as Cidr);

/** IANA's special-purpose registries: nothing in them is a public host. */
const special = networks([
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
  '2001::/23',
  '2001:db8::/32',
  '2002::/16',
  '3fff::/20',
]);
/** The only block from which public IPv6 addresses are given out: everything outside of it is special. */
const publicV6 = parseCidr('2000::/3') as Cidr;
/** IPv4 behind a translator (RFC 6052): the address inside counts. */
const translated = parseCidr('64:ff9b::/96') as Cidr;

export interface AddressGuard {
  isAllowed(address: string): boolean;
  /** Throws OutboundError `refused`. */
  check(address: string): void;
}

export function addressGuard(allow: readonly Cidr[]): AddressGuard {
  const isAllowedAddress = (address: Address): boolean => {
    if (allow.some((cidr) => isWithin(address, cidr))) return true;
    if (isWithin(address, translated)) return isAllowedAddress({ family: 4, value: address.value & 0xffff_ffffn });
    if (address.family === 6 && !isWithin(address, publicV6)) return false;
    return !special.some((cidr) => isWithin(address, cidr));
  };
  const isAllowed = (text: string): boolean => {
    const address = parseAddress(text);
    return address !== undefined && isAllowedAddress(address);
  };
  return {
    isAllowed,
    check(address) {
      if (!isAllowed(address)) throw new OutboundError('refused', `${address} is a private or reserved address`);
    },
  };
}
