// What a process costs, from /proc: CPU of all its threads, memory, and how busy everybody else on the machine is.

import { readFileSync, writeFileSync } from 'node:fs';

/** USER_HZ: fixed at 100 for everything that Linux shows to programs. */
const TICKS_PER_SECOND = 100;

/** CPU seconds (user and system) of all threads of a process so far. */
export const cpuSecondsOf = (pid: number): number => {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  // The second field is the program's name in brackets and may hold anything.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
};

/** Resident memory in MiB. Not by shares: the load program runs on the same Node.js as one of the servers. */
export const memoryMibOf = (pid: number): number => statusMib(pid, 'VmRSS');

/** The most resident memory since `forgetPeakOf`, in MiB. */
export const peakMibOf = (pid: number): number => statusMib(pid, 'VmHWM');

/** proc(5), clear_refs: "5 … reset the peak resident set size". */
export const forgetPeakOf = (pid: number): void => writeFileSync(`/proc/${pid}/clear_refs`, '5');

const statusMib = (pid: number, field: 'VmRSS' | 'VmHWM'): number => {
  const value = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'latin1'));
  return Number(value?.[1]) / 1024;
};

/** CPU seconds that all processors of the machine were busy so far. */
export const machineBusySeconds = (): number => {
  const line = readFileSync('/proc/stat', 'latin1').split('\n', 1)[0] ?? '';
  const [user, nice, system, , , irq, softirq, steal] = line.trim().split(/\s+/).slice(1).map(Number);
  return ((user ?? 0) + (nice ?? 0) + (system ?? 0) + (irq ?? 0) + (softirq ?? 0) + (steal ?? 0)) / TICKS_PER_SECOND;
};
