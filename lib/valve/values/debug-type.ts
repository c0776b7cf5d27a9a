/**
 * The severity of a debug line, and the level of `Library.setDebugCallback`: a line is shown if its type <= level
 * (GNS).
 */
export enum DebugType {
  None = 0,
  Bug = 1,
  Error = 2,
  Important = 3,
  Warning = 4,
  Message = 5,
  Verbose = 6,
  Debug = 7,
  Everything = 8,
}
