// @ts-check
/**
 * A core that sleeps has to be woken, and that is charged to whoever has something for it: an application pays up to 15 µs
 * to wake the load generator with each of its answers, the slower it is the more often, and would pay nothing for a client
 * on another machine. Linux keeps its cores awake for as long as somebody holds this file open with the wish for a latency
 * of no microseconds in it; root may.
 */
import { open } from 'node:fs/promises';

const LATENCY = '/dev/cpu_dma_latency';

/** @returns {Promise<{ description: string, stop(): Promise<void> }>} */
export async function keepAwake() {
  try {
    const file = await open(LATENCY, 'w');
    await file.write(Buffer.alloc(4));
    return { description: 'The cores were kept awake.', stop: () => file.close() };
  } catch {
    const description =
      `The cores could fall asleep, since ${LATENCY} cannot be written here: what it takes to wake the load generator is ` +
      'part of the figures.';
    return { description, stop: async () => {} };
  }
}
