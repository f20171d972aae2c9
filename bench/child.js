// @ts-check
/** Processes of ours that answer questions: the applications, and the load generator. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const KEPT_OUTPUT = 4_000;
const PATIENCE_MS = 2_000;

export class Child {
  #process;
  #nextId = 1;
  /** @type {Map<number, { resolve(answer: any): void, reject(error: Error): void }>} */
  #waiting = new Map();
  #output = '';
  #ended;

  /** @param {string} file beside this one @param {{ core?: string, args?: string[], flags?: string[] }} [options] */
  constructor(file, { core, args = [], flags = [] } = {}) {
    const command = [process.execPath, ...flags, fileURLToPath(new URL(file, import.meta.url)), ...args];
    // taskset becomes the command it is given, so that the pid and the channel are the child's own.
    if (core !== undefined) command.unshift('taskset', '--cpu-list', core);
    const [program = '', ...rest] = command;
    this.#process = spawn(program, rest, {
      env: { ...process.env, NODE_ENV: 'production' },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    this.#ended = once(this.#process, 'close').catch(() => {}); // it never started: told below
    this.#process.on('message', (/** @type {any} */ message) => this.#settle(message));
    this.#process.on('error', (error) => this.#giveUp(error.message));
    this.#process.on('close', (code, signal) => this.#giveUp(`it ended with ${signal ?? code}`));
    // Peers warn about a MemoryStore in production, rightly. Kept for the case that something goes wrong.
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream?.on('data', (chunk) => (this.#output = (this.#output + chunk).slice(-KEPT_OUTPUT)));
    }
  }

  /** @param {string} question @param {unknown} [details] @returns {Promise<any>} */
  ask(question, details) {
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#process.send({ id, question, details }, (error) => error && this.#giveUp(error.message));
    });
  }

  async stop() {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null || !this.#process.pid) return;
    this.#process.kill('SIGTERM');
    const insist = setTimeout(() => this.#process.kill('SIGKILL'), PATIENCE_MS);
    await this.#ended;
    clearTimeout(insist);
  }

  /** @param {{ id: number, answer?: unknown, error?: string }} message */
  #settle({ id, answer, error }) {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error === undefined) waiting?.resolve(answer);
    else waiting?.reject(new Error(error));
  }

  /** @param {string} reason */
  #giveUp(reason) {
    const error = new Error(`A process of the benchmark failed: ${reason}\n${this.#output}`.trim());
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}

/**
 * The other end, inside the child.
 *
 * @param {Record<string, (details: any) => unknown>} answers by question
 */
export function answerParent(answers) {
  process.on('message', async (/** @type {any} */ { id, question, details }) => {
    try {
      process.send?.({ id, answer: await answers[question]?.(details) });
    } catch (error) {
      process.send?.({ id, error: error instanceof Error ? error.stack : String(error) });
    }
  });
  // Ctrl-C reaches the whole group; the parent decides who ends when. If it is gone, there is nothing left to do.
  process.on('SIGINT', () => {});
  process.on('disconnect', () => process.exit());
}
