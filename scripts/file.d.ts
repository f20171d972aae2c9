import type { FileSessionStoreOptions } from '../libs/session/src/stores/file/index.js';

export interface FileLabOptions extends Omit<FileSessionStoreOptions, 'directory'> {
  /** Default: a new one. */
  directory?: string;
  /** The process becomes this user. */
  uid?: number;
  /** The directory is on a file system of its own, of so many bytes, that only this process sees. */
  bytes?: number;
  /** The process has at most so many files open. */
  openFiles?: number;
}

/** A process with a FileSessionStore. */
export interface FileProcess {
  readonly pid: number;
  readonly directory: string;
  /** Calls a method of the store, or of file.process.js. Rejects with an error of the same name, code and message. */
  call<T = unknown>(method: string, ...args: unknown[]): Promise<T>;
  /** What the process has acknowledged on its own account. */
  readonly acknowledged: number;
  /** SIGSTOP, as a busy hypervisor or a closed lid would. One process of a lab at a time. */
  pause(): void;
  resume(): void;
  /** Resolves when it has stopped itself, at the step that it was asked to. */
  stopped(): Promise<void>;
  /** Resolves when it has ended, by itself or by `kill`. */
  ended: Promise<void>;
  kill(): Promise<void>;
}

/** Processes that share directories, to be killed, stopped and starved. */
export interface FileLab {
  /** A new, empty one. */
  directory(): string;
  start(options?: FileLabOptions): Promise<FileProcess>;
  close(): Promise<void>;
}

/**
 * Neither processes nor files are left behind, however this process dies. The files are in memory if that is possible,
 * where fsync costs nothing, unless `disk` is set.
 */
export function openFileLab(options?: { disk?: boolean }): Promise<FileLab>;

/** Whether a process may have a file system of its own here: as root, or where users may make namespaces. */
export function canMount(): boolean;
