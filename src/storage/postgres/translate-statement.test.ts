import { expect, test } from 'vitest';
import { numberPlaceholders, translateStatement } from './translate-statement.ts';

test('placeholders are numbered in order', () => {
  expect(numberPlaceholders('SELECT a FROM t WHERE b = ? AND c = ANY(?::bigint[])')).toBe(
    'SELECT a FROM t WHERE b = $1 AND c = ANY($2::bigint[])',
  );
});

test('question marks in texts, names and comments stay', () => {
  const sql = `SELECT 'it''s ?', "odd ? ""name""" /* why? */ FROM t -- really?\nWHERE a = ?`;
  expect(numberPlaceholders(sql)).toBe(sql.replace(/\?$/, '$1'));
});

test('a statement keeps its name, and another has another', () => {
  const first = translateStatement('SELECT 1');
  expect(translateStatement('SELECT 1')).toBe(first);
  expect(translateStatement('SELECT 2').name).not.toBe(first.name);
});
