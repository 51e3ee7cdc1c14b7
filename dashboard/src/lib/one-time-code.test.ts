import { expect, it } from 'vitest';
import { codeIn, codeProblem } from './one-time-code';

it.each([['123456', '123456'], [' 123 456 ', '123456'], ['123-456', '123456'], ['012345', '012345']])('%j is the code %j', (text, code) => expect(codeIn(text)).toBe(code));

it.each(['', '12345', '1234567', '12345a', '١٢٣٤٥٦'])('%j is no code', (text) => {
  expect(codeIn(text)).toBeUndefined();
  expect(codeProblem(text)).toContain('six digits');
});
