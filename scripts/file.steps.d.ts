export interface Steps {
  /** What the work under control has begun so far: the names of functions of `node:fs/promises`. */
  readonly taken: string[];
  /** Resolves when the work stands before its step of that number, counted from 0; `false` if it ended without. */
  readonly reached: Promise<boolean>;
  /** Lets it go on from there. */
  resume(): void;
  /** What became of the work. */
  readonly result: Promise<unknown>;
}

export interface StepsOptions {
  /** A file that would be written at that step has its first half by then. Such work is not to be resumed. */
  torn?: boolean;
}

/**
 * Runs the work up to a step, the call of `node:fs/promises` of that number or the first of that name, and there holds it: until it is resumed, as
 * a process that is paused, or for good, as one that died. Other work of this process goes on.
 */
export function holdAt(step: number | string, work: () => Promise<unknown>, options?: StepsOptions): Steps;

/** Calls back before each step of all work in this process. */
export function onStep(listener: (name: string) => void): void;
