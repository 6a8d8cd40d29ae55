// CORS for every answer, errors and unknown paths included (Client-Server API, "Web Browser Clients").

/** Flat name-value list, as node:http writes it without further copying. */
export const corsHeaders: readonly string[] = [
  'Access-Control-Allow-Origin',
  '*',
  'Access-Control-Allow-Methods',
  'GET, HEAD, POST, PUT, DELETE, OPTIONS',
  'Access-Control-Allow-Headers',
  'X-Requested-With, Content-Type, Authorization',
  'Access-Control-Expose-Headers',
  'Retry-After, X-Request-Id',
];

/** Servers must answer OPTIONS on everything without running any of the endpoint's logic. */
export const preflightHeaders: readonly string[] = [...corsHeaders, 'Access-Control-Max-Age', '86400'];
