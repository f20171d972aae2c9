import { expect, it } from '@jest/globals';
import { overruns, overrunsNow } from '../../bench/budget.js';

it('requests take no more than bench/budget.json allows (mend it, or say why and run npm run bench:budget)', async () => {
  expect(await overrunsNow()).toEqual([]);
}, 90_000);

it('a budget that is overrun is told, with the figure', () => {
  const figures = { bytes: 10_000, promises: 3 };
  const budget = { shop: { read: figures } };
  expect(overruns(budget, { shop: { read: { bytes: 12_000, promises: 3 } } })).toEqual([]);
  expect(overruns(budget, { shop: { read: { bytes: 12_001, promises: 4 } } })).toEqual([
    'shop, read: bytes is 12001, and the budget is 10000',
    'shop, read: promises is 4, and the budget is 3',
  ]);
  expect(overruns(budget, {})).toHaveLength(2);
});
