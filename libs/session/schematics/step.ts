import type { ModuleClass } from './root-module.js';

/** Something that an application lacks. */
export interface Step {
  /** Adds it to the root module, and says what its user has to know or to do. */
  add(target: ModuleClass): readonly string[];
  /** The same for people to do by hand. */
  readonly byHand: string;
}
