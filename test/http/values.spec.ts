import { UnserializableError } from 'nest-sessions';
import { act, seenBy, visitor } from '../support/actions.js';
import { describeOnStores } from '../support/suite.js';
import { counts } from '../support/use-app.js';

class Cart {
  items = [];
}

const cyclic: Record<string, unknown> = {};
cyclic['self'] = { again: cyclic };

/** An array in so many arrays. */
const nested = (depth: number): unknown => (depth === 1 ? [] : [nested(depth - 1)]);

const KEPT: [string, unknown][] = [
  ['text', 'tea'],
  ['no text', ''],
  ['every plane of Unicode', 'ä€😀👨‍👩‍👧\u2028\u2029</script>'],
  ['NUL', 'a\0b'],
  ['lone surrogates', '\ud800 and \udc00'],
  ['what looks like our own encoding', '~[1,2]'],
  ['numbers', [0, -1, 0.1, 5e-324, Number.MAX_VALUE, Number.EPSILON]],
  ['−0', -0],
  ['−0 inside', { at: [-0, 0] }],
  ['2^53±1', [2 ** 53 - 1, 2 ** 53, 2 ** 53 + 2, -(2 ** 53) + 1]],
  ['NaN and the infinities', [NaN, Infinity, -Infinity]],
  ['true, false and null', [true, false, null]],
  ['undefined', undefined],
  ['undefined inside', { gone: undefined, list: [1, undefined] }],
  // oxlint-disable-next-line no-sparse-arrays
  ['holes', [1, , 3]],
  ['BigInt', [2n ** 64n + 1n, -1n, 0n]],
  ['Date', [new Date(0), new Date(8.64e15), new Date(Date.UTC(2038, 0, 19, 3, 14, 8))]],
  [
    'Map',
    new Map<unknown, unknown>([
      ['a', 1],
      [{ of: 'objects' }, new Map()],
      [NaN, undefined],
    ]),
  ],
  ['Set', new Set([1, 'two', new Set([3n])])],
  ['Uint8Array', new Uint8Array([0, 1, 255])],
  ['a window on a larger buffer', new Uint8Array([0, 1, 2, 3]).subarray(1, 3)],
  ['other typed arrays', [new Float64Array([0.5, -0]), new Uint16Array(0)]],
  ['URL', new URL('https://user:pw@example.com/ä?q=1#x')],
  ['objects and arrays in each other', { a: [{ b: [{}, []] }], '': 1, '0': 2 }],
  ['an object without a prototype', Object.assign(Object.create(null) as object, { a: 1 })],
  ['64 levels', nested(64)],
];

const REFUSED: [string, unknown, string, RegExp][] = [
  ['a function', () => 1, 'cart', /it is a function/],
  ['a symbol', [1, Symbol('s')], 'cart[1]', /it is a symbol/],
  ['a method', { total: () => 1 }, 'cart.total', /it is a function/],
  ['toJSON', { items: [{ toJSON: () => 1 }] }, 'cart.items[0].toJSON', /it is a function/],
  ['a class instance', { of: new Cart() }, 'cart.of', /an instance of Cart/],
  ['a subclass', [new (class Stack extends Array {})()], 'cart[0]', /an instance of Stack/],
  ['an Error', new Error('oops'), 'cart', /an instance of Error/],
  ['a RegExp', { like: /tea/ }, 'cart.like', /an instance of RegExp/],
  ['a Promise', Promise.resolve(), 'cart', /an instance of Promise/],
  ['a boxed number', [Object(1)], 'cart[0]', /an instance of Number/],
  ['a cycle', cyclic, 'cart.self.again', /it contains itself/],
  [
    'a getter that throws',
    {
      get total() {
        throw new Error('no');
      },
    },
    'cart.total',
    /reading it throws/,
  ],
  ['a Proxy', { of: new Proxy({}, {}) }, 'cart.of', /it is a Proxy/],
  ['symbols for keys', { [Symbol('s')]: 1 }, 'cart', /it has symbols for keys/],
  ['inside a Map', new Map([['total', () => 1]]), 'cart.total', /it is a function/],
  ['inside a Set', new Set([() => 1]), 'cart[0]', /it is a function/],
  ['65 levels', nested(65), 'cart[0][0]', /deeper than 64 levels/],
  ['an array with properties of its own', 'a tea'.match(/tea/), 'cart.index', /.+/],
];

describeOnStores('values', {}, (app) => {
  it.each(KEPT)('B-51 B-52 I-19 %s come back as they went in', async (_what, value) => {
    const client = await visitor(app, { value, beside: 1 });
    const { result } = await act(client, (session) => session.entries());
    expect(new Map(result)).toStrictEqual(new Map(Object.entries({ beside: 1, value })));
  });

  it.each(KEPT)('B-21 setting %s again is no change', async (_what, value) => {
    const client = await visitor(app, { value });
    app.calls.reset();
    await act(client, (session) => session.set('value', value));
    await act(client, (session) => session.get('value'));
    expect(app.calls.calls).toEqual(counts({ read: 2 }));
  });

  it('B-52 an invalid Date comes back as one', async () => {
    const client = await visitor(app, { value: new Date(NaN) });
    const { result } = await act(client, (session) => session.get('value') as Date);
    expect(result).toBeInstanceOf(Date);
    expect(result.getTime()).toBeNaN();
  });

  it('B-55 C-31 an own __proto__ comes back as an own one', async () => {
    const text = '{"__proto__":{"isAdmin":true},"constructor":{"prototype":1}}';
    const client = await visitor(app, { value: JSON.parse(text) });
    const { result } = await act(client, (session) => session.get('value') as object);
    expect(JSON.stringify(result)).toBe(text);
    expect(({} as Record<string, unknown>)['isAdmin']).toBeUndefined();
  });

  it('B-52 a Buffer comes back as the Uint8Array that it is', async () => {
    const client = await visitor(app, { value: Buffer.from('tea') });
    const { result } = await act(client, (session) => session.get('value') as unknown);
    expect(result).toStrictEqual(new Uint8Array([116, 101, 97]));
  });

  it.each(REFUSED)('B-53 %s is refused when it is set, with the path', async (_what, value, path, reason) => {
    const client = await visitor(app);
    const { result, ...answer } = await act(client, (session) => {
      try {
        session.set('cart', value);
      } catch (error) {
        return error as UnserializableError;
      }
      return undefined;
    });
    expect(result).toBeInstanceOf(UnserializableError);
    expect(result).toMatchObject({ path, message: expect.stringMatching(reason) });
    expect(result!.message).toContain(`${path} cannot be kept in a session`);
    expect(answer).toMatchObject({ status: 200, cookies: [] });
    expect((await seenBy(client)).data).toEqual({ cart: ['tea'] });
  });

  it('B-54 D-7 a hundred thousand levels are refused as well', async () => {
    const { result } = await act(await visitor(app), (session) => {
      let value: unknown = [];
      for (let depth = 0; depth < 100_000; depth++) value = [value];
      expect(() => session.set('cart', value)).toThrow(UnserializableError);
      return session.get('cart') as unknown;
    });
    expect(result).toEqual(['tea']);
  });

  it.each(['flash', 'update'] as const)('B-53 %s refuses them as well', async (verb) => {
    const client = await visitor(app);
    const { result } = await act(client, async (session) => {
      const work =
        verb === 'flash' ? async () => session.flash('cart', cyclic) : () => session.update('cart', () => cyclic);
      return work().catch((error: unknown) => error);
    });
    expect(result).toBeInstanceOf(UnserializableError);
    expect((await seenBy(client)).data).toEqual({ cart: ['tea'] });
  });

  it('B-53 what becomes unserializable after it was set fails the request, and the record stays as it was', async () => {
    const client = await visitor(app, { cart: ['tea'], colour: 'red' });
    const answer = await act(client, (session) => {
      session.set('colour', 'blue');
      session.get('cart').push(() => 1);
    });
    expect(answer).toMatchObject({ status: 500, cookies: [] });
    expect((await seenBy(client)).data).toEqual({ cart: ['tea'], colour: 'red' });
  });

  it('B-56 are not shared: what is changed after the answer changes nothing', async () => {
    const cart = ['tea'];
    const client = await visitor(app, { cart });
    cart.push('late');
    const first = await act(client, (session) => session.get('cart') as string[]);
    first.result.push('late');
    const second = await act(client, (session) => session.get('cart') as string[]);
    expect(second.result).toEqual(['tea']);
    expect(second.result).not.toBe(first.result);
  });

  it('B-56 are not shared between requests that run at the same time', async () => {
    const client = await visitor(app);
    const [one, two] = await Promise.all([1, 2].map(() => act(client, (session) => session.get('cart') as string[])));
    expect(one!.result).toEqual(two!.result);
    expect(one!.result).not.toBe(two!.result);
  });

  it('B-56 changed in place are saved, and read back within the request', async () => {
    const client = await visitor(app, { cart: { items: ['tea'] } });
    const { result } = await act(client, (session) => {
      session.get('cart').items.push('milk');
      return session.get('cart').items as string[];
    });
    expect(result).toEqual(['tea', 'milk']);
    expect((await seenBy(client)).data).toEqual({ cart: { items: ['tea', 'milk'] } });
  });
});
