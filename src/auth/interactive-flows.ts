// Flows of stages: which may come next, which are done. Client-Server API, "User-Interactive Authentication API".

export type Flow = readonly string[];

/** "When all stages in a flow are complete, authentication is complete." */
export const isComplete = (flows: readonly Flow[], completed: readonly string[]): boolean =>
  flows.some((flow) => flow.every((stage) => completed.includes(stage)));

/** "the flow's stages must be completed in order": whether `stage` is the first open one of some flow. */
export const mayAttempt = (flows: readonly Flow[], completed: readonly string[], stage: string): boolean =>
  flows.some((flow) => flow.find((each) => !completed.includes(each)) === stage);
