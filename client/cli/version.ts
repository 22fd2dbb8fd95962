import packageJson from '../../package.json' with { type: 'json' };

export const clientVersion: string = packageJson.version;

/** The API that this client speaks. */
export const clientApi = 'v1';
