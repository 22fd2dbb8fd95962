import type { Event } from '../../proto/gen/types/liker/v1/Event.ts';
import type { SubscribeResponse } from '../../proto/gen/types/liker/v1/SubscribeResponse.ts';
import type { Api } from './api.ts';

/** Every stored event, in the order of the daemon's numbers. */
export function allEvents(api: Api): Promise<Event[]> {
  return new Promise((resolve, reject) => {
    const events: Event[] = [];
    const stream = api.events.Subscribe({ sinceSeq: 0 });
    stream.on('data', ({ event }: SubscribeResponse) => event && events.push(event));
    stream.on('error', reject);
    stream.on('end', () => resolve(events));
  });
}
