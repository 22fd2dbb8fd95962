import { after, before } from 'node:test';
import { Fixture } from './fixture.ts';

/** One fixture for all tests of a file. */
export function useFixture(): () => Fixture {
  let fixture: Fixture | undefined;
  before(() => {
    fixture = new Fixture();
  });
  after(() => fixture?.[Symbol.dispose]());
  return () => {
    if (!fixture) throw new Error('No fixture yet');
    return fixture;
  };
}
