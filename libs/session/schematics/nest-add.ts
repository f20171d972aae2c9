import { Application } from './application.js';
import { findCompiler } from './compiler.js';
import type { Rule } from './devkit.js';
import { guardStep, isGuarded } from './guard.edit.js';
import { hasModule, moduleStep } from './module.edit.js';
import { Refusal } from './refusal.js';
import { rootModule } from './root-module.js';
import type { Step } from './step.js';
import type { StoreName } from './stores.js';

/** As nest-add.schema.json says. */
export interface NestAddOptions {
  readonly store?: StoreName;
  readonly guard?: boolean;
  readonly module?: string;
  readonly sourceRoot?: string;
  readonly skipInstall?: boolean;
}

/** Installs what package.json has. */
const INSTALL = { toConfiguration: () => ({ name: 'node-package', options: { command: 'install', quiet: true } }) };

/** `nest add nest-sessions`: adds what an application lacks, all of it or nothing. */
export function nestAdd(options: NestAddOptions = {}): Rule {
  return (tree, context) => {
    const application = new Application(tree, findCompiler(), options.sourceRoot ?? 'src');
    const steps = missing(application, options);
    const notes = steps.length > 0 ? add(application, steps, options.module) : ['Sessions are there already.'];
    const changed = application.write();
    if (changed.includes('package.json') && !options.skipInstall) context.addTask(INSTALL);
    for (const note of notes) context.logger.info(note);
  };
}

function missing(application: Application, { guard, store }: NestAddOptions): Step[] {
  const usual = application.dependsOn('@nestjs/typeorm') ? 'postgres' : 'memory';
  return [
    ...(hasModule(application) ? [] : [moduleStep(application, store ?? usual)]),
    ...(guard && !isGuarded(application) ? [guardStep(application)] : []),
  ];
}

function add(application: Application, steps: readonly Step[], module?: string): string[] {
  try {
    if (module && !application.has(module)) throw new Refusal(`There is no ${module}, which --module names.`);
    const target = module ? { file: module } : rootModule(application);
    return steps.flatMap((step) => step.add(target));
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const byHand = steps.map((step) => step.byHand).join('\n\n');
    throw new Refusal(`${error.message} Nothing was changed. To do it by hand, add\n\n${byHand}\n`);
  }
}
