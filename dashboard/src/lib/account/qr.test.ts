import { expect, it } from 'vitest';
import { inFours, qrPath } from './qr';

it('draws one rectangle for each run of dark modules, within the quiet zone', () => {
  expect(qrPath(['110', '000', '101'])).toBe('M4 4h2v1h-2zM4 6h1v1h-1zM6 6h1v1h-1z');
  expect(qrPath([])).toBe('');
});

it('groups a key in fours', () => {
  expect(inFours('ABCDEFGHIJ')).toBe('ABCD EFGH IJ');
  expect(inFours('')).toBe('');
});
