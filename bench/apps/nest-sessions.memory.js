// @ts-check
import { MemorySessionStore, SessionModule } from 'nest-sessions';
import { countCalls, createApplication } from './application.js';
import { access, OPTIONS } from './nest-sessions.js';

/** @param {import('./application.js').Settings} settings @returns {Promise<import('./application.js').Application>} */
export async function create({ load = 'eager' }) {
  const store = new MemorySessionStore();
  const calls = countCalls(store, ['create', 'read', 'update', 'touch', 'delete', 'epoch']);
  const app = await createApplication(access, { imports: [SessionModule.forRoot(store, { ...OPTIONS, load })] });
  return { app, calls };
}
