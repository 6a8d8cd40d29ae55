// The way out, loaded when it is first used: undici takes a tenth of the time to start.

import type { Outbound, OutboundOptions } from './outbound.ts';

/** The same as createOutbound. */
export function outboundOnDemand(options: OutboundOptions): Outbound {
  let loading: Promise<Outbound> | undefined;
  let loaded: Outbound | undefined;
  const load = async (): Promise<Outbound> => {
    const { createOutbound } = await import('./outbound.ts');
    loaded = createOutbound(options);
    return loaded;
  };
  const outbound = (): Promise<Outbound> => {
    loading ??= load();
    return loading;
  };
  return {
    request: async (request) => (await outbound()).request(request),
    stream: async (request) => (await outbound()).stream(request),
    lastDial: (host, port) => loaded?.lastDial(host, port),
    [Symbol.asyncDispose]: async () => (await loading)?.[Symbol.asyncDispose](),
  };
}
