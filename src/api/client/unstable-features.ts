// Flags of proposals for /versions: those that clients ask for by name and that this server answers.
// Also the older names of what became stable, for clients that still look for them.

export const unstableFeatures: Readonly<Record<string, boolean>> = {
  'org.matrix.e2e_cross_signing': true,
  'org.matrix.msc2285.stable': true,
  'org.matrix.msc3440.stable': true,
  'org.matrix.msc3827.stable': true,
  'org.matrix.msc3916.stable': true,
  'uk.tcpip.msc4133.stable': true,
};
