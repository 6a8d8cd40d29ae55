import fc from 'fast-check';
import { expect, test } from 'vitest';
import { thumbnailSize } from './thumbnail-size.ts';

test.each([
  [32, 32, 'crop', { width: 32, height: 32 }],
  [33, 33, 'crop', { width: 96, height: 96 }],
  [320, 240, 'crop', { width: 320, height: 240 }],
  [32, 32, 'scale', { width: 320, height: 240 }],
  [640, 480, 'scale', { width: 640, height: 480 }],
  [300, 300, 'scale', { width: 640, height: 480 }],
] as const)('%i x %i by %s', (width, height, method, expected) => {
  expect(thumbnailSize(width, height, method)).toEqual({ ...expected, method });
});

test('no thumbnail is smaller than asked, crops keep the aspect, and there are few sizes', () => {
  const sides = fc.integer({ min: 1, max: 1600 });
  const scaled = new Set<string>();
  fc.assert(
    fc.property(sides, sides, fc.constantFrom('crop', 'scale'), (width, height, method) => {
      const size = thumbnailSize(width, height, method);
      if (!size) return;
      expect(size.width).toBeGreaterThanOrEqual(width);
      expect(size.height).toBeGreaterThanOrEqual(height);
      if (method === 'scale') scaled.add(`${size.width}x${size.height}`);
      else expect(Math.abs(size.width - (size.height * width) / height)).toBeLessThanOrEqual(1 + width / height);
    }),
  );
  expect(scaled.size).toBeLessThanOrEqual(4);
  expect(thumbnailSize(1601, 10, 'crop')).toBeUndefined();
  expect(thumbnailSize(10, 1201, 'scale')).toBeUndefined();
});
