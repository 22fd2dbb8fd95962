import type { Family } from '../../../oci/media-types.ts';
import type { Configuration } from '../model/configuration.ts';

/** What only Docker's images have: readers that go by the type of the manifest leave it out of OCI's. */
export function familyOf({ config: { Healthcheck, Shell, OnBuild } }: Configuration): Family {
  return Healthcheck !== null || Shell.length > 0 || OnBuild.length > 0 ? 'docker' : 'oci';
}
