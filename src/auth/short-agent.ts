// A User-Agent header as it is stored with a device.

const AGENT_LENGTH_MAX = 200;

export const shortAgent = (agent: string | undefined): string | null =>
  agent?.slice(0, AGENT_LENGTH_MAX).toWellFormed() ?? null;
