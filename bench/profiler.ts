// Loaded into a likerd (node --import): the first SIGUSR2 begins a CPU profile, the second writes it to LIKER_PROFILE.
import { writeFileSync } from 'node:fs';
import { type Profiler, Session } from 'node:inspector';

const session = new Session();
session.connect();
session.post('Profiler.enable');
session.post('Profiler.setSamplingInterval', { interval: 200 });

const write = (error: Error | null, { profile }: Profiler.StopReturnType): void => {
  if (error) throw error;
  writeFileSync(process.env['LIKER_PROFILE'] ?? '', JSON.stringify(profile));
};

process.once('SIGUSR2', () => {
  session.post('Profiler.start');
  process.once('SIGUSR2', () => session.post('Profiler.stop', write));
});
