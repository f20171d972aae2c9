import ms, { type StringValue } from 'ms';
import { SessionConfigError } from '../core/errors.js';
import type { Duration } from './session.options.js';

// Every one of these throws a SessionConfigError with the option's name, what was given and what is accepted.

/** Milliseconds. */
export function duration(name: string, value: Duration, min: number, max: number): number {
  const milliseconds = typeof value === 'string' ? parse(value) : value;
  const accepted = `a duration such as '30m', or milliseconds, from ${min} to ${max} ms`;
  check(typeof milliseconds === 'number' && milliseconds >= min && milliseconds <= max, name, value, accepted);
  return milliseconds;
}

function parse(text: string): number {
  // The library throws for the empty string and for very long ones.
  return text.length > 0 && text.length <= 100 ? ms(text as StringValue) : NaN;
}

export function flag(name: string, value: unknown): boolean {
  check(typeof value === 'boolean', name, value, 'true or false');
  return value as boolean;
}

export function oneOf<T extends string>(name: string, value: unknown, accepted: readonly T[]): T {
  check(accepted.includes(value as T), name, value, accepted.map((text) => `'${text}'`).join(' or '));
  return value as T;
}

export function checkNames(name: string, given: unknown, accepted: readonly string[]): void {
  check(typeof given === 'object' && given !== null && !Array.isArray(given), name, given, 'an object');
  const unknown = Object.keys(given as object).find((key) => !accepted.includes(key));
  if (unknown === undefined) return;
  const where = name === 'the options' ? '' : ` in ${name}`;
  const message = `there is no option ${JSON.stringify(unknown)}${where}. There are: ${accepted.join(', ')}.`;
  throw new SessionConfigError(`SessionModule: ${message}`);
}

export function checkShape(name: string, given: unknown, methods: readonly string[]): void {
  if (given === undefined) return;
  const holds = methods.every((method) => typeof (given as Record<string, unknown> | null)?.[method] === 'function');
  check(holds, name, given, `an object with the methods ${methods.join(', ')}`);
}

export function check(holds: boolean, name: string, given: unknown, accepted: string): asserts holds {
  if (!holds) throw wrong(name, shown(given), accepted);
}

/** The value as a person would write it; objects by their kind, since they may be anything. */
export function shown(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`;
  if (typeof value !== 'object' || value === null) return String(value);
  return Array.isArray(value) ? 'a list' : 'an object';
}

export function wrong(name: string, shown: string, accepted: string): SessionConfigError {
  return new SessionConfigError(`SessionModule: ${name} is ${shown}, and must be ${accepted}.`);
}
