import { readFileSync } from 'node:fs';
import { jest } from '@jest/globals';
import { CartGateway } from '../readme/cart.gateway.js';
import { act, ActionController, user } from '../support/actions.js';
import { describeSockets, EACH } from '../support/sockets-app.js';

describeSockets(
  'docs/websockets.md',
  { controllers: [ActionController], providers: [CartGateway] },
  (app) => {
    it('shows what works', async () => {
      expect(readFileSync('docs/websockets.md', 'utf8')).toContain(readFileSync('test/readme/cart.gateway.ts', 'utf8'));
      const said = jest.spyOn(console, 'log').mockImplementation(() => {});
      const ada = await user(app, 'ada');
      const socket = await app.connect(ada);
      expect(await socket.ask('add', 'tea')).toEqual({ event: 'cart', data: ['tea'] });
      expect(await socket.ask('cart')).toEqual({ event: 'cart', data: ['tea'] });
      socket.send('note', 'hello');
      await socket.ask('cart');
      expect((await act(ada, (session) => session.get('note'))).result).toBe('hello');
      expect(await (await app.connect()).ask('cart')).toMatchObject({ data: { message: 'Unauthorized' } });
      expect(said.mock.calls).toEqual([
        ['ada', 'is here'],
        ['a stranger', 'is here'],
      ]);
      said.mockRestore();
    });
  },
  EACH,
);
