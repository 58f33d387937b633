/** The package has no types of its own. */
declare module 'samlp' {
  type Handler = (request: unknown, response: unknown, next: (error?: Error) => void) => void;
  const samlp: {
    auth: (options: Record<string, unknown>) => Handler;
    metadata: (options: Record<string, unknown>) => Handler;
  };
  export default samlp;
}
