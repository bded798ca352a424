// What a thread holds no more is freed when that is called for.
import { expect, test } from 'vitest';
import { collectGarbage } from '../../src/memory/collect.js';

test('an object that nobody has any more is gone behind the call', async () => {
  const kept = new WeakRef({ seed: Buffer.alloc(100) });
  expect(kept.deref()).toBeDefined();
  // A weak reference holds what was asked of it until the turn ends.
  await new Promise((resolve) => { setImmediate(resolve); });
  collectGarbage(() => { throw new Error('this Node does not let its collector be called'); });
  expect(kept.deref()).toBeUndefined();
});
