// Every store module, for the writer thread: it finds the writers by their names among the exports of these modules.

export const stores = [] as const;
