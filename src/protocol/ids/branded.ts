// Branded strings: an id is parsed once at the edge and carried by type from there on.

declare const brand: unique symbol;
export type Branded<B extends string> = string & { readonly [brand]: B };

export type ServerName = Branded<'ServerName'>;
export type UserId = Branded<'UserId'>;
export type RoomId = Branded<'RoomId'>;
export type RoomAlias = Branded<'RoomAlias'>;
export type EventId = Branded<'EventId'>;
