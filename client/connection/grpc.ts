// The part of grpc-js that a client on a Unix socket needs. Its index loads the server, name resolution and all ways of
// balancing load as well, which would be a fifth of the time that likerctl takes to start.
// First: its modules need one another, and load only when they are entered here, as the index does.
import '@grpc/grpc-js/build/src/channel.js';

import { setup as setUpPickFirst } from '@grpc/grpc-js/build/src/load-balancer-pick-first.js';
import { setup as setUpUnixSockets } from '@grpc/grpc-js/build/src/resolver-uds.js';

export { ChannelCredentials } from '@grpc/grpc-js/build/src/channel-credentials.js';
export { Client } from '@grpc/grpc-js/build/src/client.js';
export { Metadata } from '@grpc/grpc-js/build/src/metadata.js';

setUpUnixSockets();
setUpPickFirst();
