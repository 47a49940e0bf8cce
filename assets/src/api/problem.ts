import type { components } from './schema';

type Detail = components['schemas']['ProblemDetail'];

/** What the server refused, in its own words. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: Detail['code'],
    message: string,
    readonly traceId: string | null,
    /** The server's `details`, such as the fields that are wrong. */
    readonly details: unknown = null,
  ) {
    super(message);
    this.name = 'Problem';
  }

  /** The message for one field of a form, where the server named it. */
  field(name: string): string | undefined {
    return fieldErrors(this.details).find((error) => error.field === name)?.message;
  }

  /** Reads a failure's body. One that isn't ours (a proxy's page, say) is told by its status. */
  static async of(response: Response): Promise<Problem> {
    try {
      const { error } = (await response.json()) as { error: Detail };
      return new Problem(response.status, error.code, error.message, error.traceId, error.details);
    } catch {
      return new Problem(
        response.status,
        response.status >= 500 ? 'UNAVAILABLE' : 'VALIDATION_ERROR',
        `Something between here and DriftSentry answered with status ${response.status}.`,
        response.headers.get('x-correlation-id'),
      );
    }
  }
}

/** No answer came at all. */
export class Unreachable extends Error {
  constructor() {
    super('DriftSentry does not answer.');
    this.name = 'Unreachable';
  }
}

/** Whether asking again, unchanged, may well succeed. */
export function isPassing(error: unknown): boolean {
  return error instanceof Unreachable || (error instanceof Problem && [429, 502, 503, 504].includes(error.status));
}

function fieldErrors(details: unknown): { field: string; message: string }[] {
  if (typeof details !== 'object' || details === null || !('errors' in details)) return [];
  return Array.isArray(details.errors) ? details.errors : [];
}
