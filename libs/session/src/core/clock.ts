/** Tells the time. Everything in the library that asks for it asks a clock, so a test can move it by hand. */
export interface Clock {
  /** Epoch milliseconds. */
  now(): number;
}

/** The machine's clock. */
export const systemClock: Clock = Date;
