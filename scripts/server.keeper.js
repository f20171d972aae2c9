// @ts-check
import { spawn } from 'node:child_process';
import { once } from 'node:events';

// Reads, line by line, which process there is to end now, none at times. A node process that dies, by SIGKILL even,
// closes its pipe: then the keeper ends that process and deletes the folder. SIGINT is Postgres's fast shutdown, SIGQUIT
// its immediate one, which also does away with children that are stuck; being paused, they could not obey the first.
const SCRIPT = `
pid=
while read -r line; do pid=$line; done
alive() { [ -n "$pid" ] && kill -0 "$pid" && ! grep -q '^State:.*zombie' "/proc/$pid/status"; }
await_end() { n=0; while alive && [ $n -lt 200 ]; do sleep 0.05; n=$((n + 1)); done; }
if alive; then
  kill -INT "$pid"
  kill -CONT $(cat "/proc/$pid/task/$pid/children") "$pid"
  await_end
  alive && kill -QUIT "$pid" && await_end
fi
rm -rf -- "$1"
`;

/** Stops Postgres and tidies up, whether we ask for it or just die. There is no other way to stop, so this one works. */
export class Keeper {
  #shell;
  #exited;

  /** @param {string} scratch the folder to delete in the end */
  constructor(scratch) {
    const args = ['-c', SCRIPT, 'postgres-keeper', scratch];
    this.#shell = spawn('/bin/sh', args, { cwd: '/', detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
    this.#exited = once(this.#shell, 'exit');
    this.#shell.stdin.on('error', () => {}); // somebody killed the keeper; the server is none the worse for it
    this.#shell.unref();
    /** @type {import('node:net').Socket} */ (this.#shell.stdin).unref();
  }

  /** @param {number} pid the process to end when we are gone; 0 for none */
  watch(pid) {
    if (this.#shell.stdin.writable) this.#shell.stdin.write(`${pid || ''}\n`);
  }

  async finish() {
    this.#shell.ref();
    this.#shell.stdin.end();
    await this.#exited;
  }
}
