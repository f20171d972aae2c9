import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { publint } from 'publint';
import { packLibrary, run } from './runner/npm.js';

describe('the packed library', () => {
  const folder = mkdtempSync(join(tmpdir(), 'nest-sessions-package-'));
  let tarball: Uint8Array<ArrayBuffer>;
  let files: string[];

  beforeAll(async () => {
    const path = await packLibrary(folder);
    tarball = new Uint8Array(readFileSync(path));
    files = (await run('tar', ['-tzf', path], folder)).trim().split('\n');
  });

  afterAll(() => rmSync(folder, { recursive: true }));

  it('has a README and a licence, and no tests', () => {
    expect(files).toEqual(expect.arrayContaining(['package/README.md', 'package/LICENSE', 'package/dist/index.js']));
    expect(files.filter((file) => /\.spec\.|tsbuildinfo|node_modules/.test(file))).toEqual([]);
  });

  it('is as publint wants it', async () => {
    expect((await publint({ pack: { tarball: tarball.buffer }, strict: true })).messages).toEqual([]);
  });

  it('has its types found by every resolution', async () => {
    const { problems } = (await checkPackage(createPackageFromTarballData(tarball))) as { problems: Problem[] };
    // It is ES modules alone, one copy of every class: what CommonJS requires are these, from Node 20.19 on. TypeScript
    // agrees under `module: nodenext`; interop.spec.ts compiles and starts such applications.
    const meant = ({ kind, resolutionKind }: Problem) => kind === 'CJSResolvesToESM' && resolutionKind === 'node16-cjs';
    expect(problems.filter((problem) => !meant(problem))).toEqual([]);
  });
});

interface Problem {
  readonly kind: string;
  readonly resolutionKind?: string;
}
