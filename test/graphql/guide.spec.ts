import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { NestFactory } from '@nestjs/core';
import { Client } from '../support/client.js';
import { graphql } from '../support/graphql.js';
import { AppModule } from './guide/app.module.js';

const guide = readFileSync('docs/graphql.md', 'utf8');
const shown = [...guide.matchAll(/^\*\*`([^`]+)`\*\*\n\n```ts\n([^]*?)^```$/gm)];

describe('the guide to GraphQL', () => {
  it('shows what is tried here', () => {
    expect(shown.map(([, file]) => file)).toEqual(['src/app.module.ts', 'src/cart.resolver.ts']);
    for (const [, file = '', text] of shown) {
      expect(text).toBe(readFileSync(`test/graphql/guide/${file.slice('src/'.length)}`, 'utf8'));
    }
  });

  it('says what happens', async () => {
    const app = await NestFactory.create(AppModule, { logger: false });
    await app.listen(0, '127.0.0.1');
    try {
      const client = new Client(`http://127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}`);
      const mutation =
        'mutation { signIn(email: "ada@example.com") a: addToCart(sku: "tea") b: addToCart(sku: "pot") }';
      const { cookies, data } = await graphql(client, mutation);
      expect(data).toEqual({ signIn: true, a: ['tea'], b: ['tea', 'pot'] });
      expect(cookies).toHaveLength(1);
      expect((await graphql(client, '{ cart }')).data).toEqual({ cart: ['tea', 'pot'] });
      expect((await graphql(client, 'mutation { signOut }')).data).toEqual({ signOut: true });
      const { errors } = await graphql(client, 'mutation { signOut }');
      expect(errors).toMatchObject([{ message: 'Please sign in.', extensions: { code: 'UNAUTHENTICATED' } }]);
    } finally {
      await app.close();
    }
  });
});
