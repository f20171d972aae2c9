// Runs schematics in a process of its own, as the Nest CLI does: Jest cannot load the devkit on Node 20.
import path from 'node:path';
import { HostTree } from '@angular-devkit/schematics';
import { SchematicTestRunner } from '@angular-devkit/schematics/testing/index.js';

const COLLECTION = path.resolve('libs/session/schematics/collection.json');

process.on('message', async ({ files, options }) => {
  const runner = new SchematicTestRunner('nest-sessions', COLLECTION);
  const said = [];
  runner.logger.subscribe(({ message }) => said.push(message));
  const tree = new HostTree();
  for (const [file, text] of Object.entries(files)) tree.create(file, text);
  try {
    const after = await runner.runSchematic('nest-add', options, tree);
    const tasks = runner.tasks.map(({ name }) => name);
    process.send({
      files: Object.fromEntries(after.files.map((file) => [file.slice(1), after.read(file).toString()])),
      said,
      tasks,
    });
  } catch (error) {
    process.send({ refusal: error.message });
  }
});
