// JSON values as Matrix carries them.

import { isRawNumber } from '../canonical-json/raw-number.ts';

export type Json = null | boolean | number | string | Json[] | JsonObject;
export interface JsonObject {
  [key: string]: Json;
}

/** Neither an array nor a number that was kept as its text. */
export const isJsonObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !isRawNumber(value);

/** What is not of the right type counts as empty. */
export const asJsonObject = (value: Json | undefined): JsonObject => (isJsonObject(value) ? value : {});
export const asJsonList = (value: Json | undefined): readonly Json[] => (Array.isArray(value) ? value : []);
