import packageJson from '../../package.json' with { type: 'json' };

export const clientVersion: string = packageJson.version;

/** The version of the API that this client uses. */
export const clientApi = 'v1';
