import { Lab } from './lab.ts';
import { readFileSync } from 'node:fs';
process.on("uncaughtException",e=>console.log(e));
await using lab = await Lab.open();
try{ const o=await lab.client.run({ rootfs: { directory: lab.rootfs }, process: { args: ["/bin/true"] } }); console.log(o) } catch(e){ console.log(String(e), readFileSync(lab.home+"/likerd.log","utf8").slice(-2000)) }
const cpu=()=>Number(readFileSync(`/proc/${lab.pid}/task/${lab.pid}/schedstat`,'utf8').split(' ')[0])/1e6;
const base = { rootfs: { directory: lab.rootfs }, process: { args: ['/bin/true'] } };
const ten = { ...base, resources: { cpu: { shares: 512, quotaUs: 50000, periodUs: 100000, cpusetCpus: '0-1', cpusetMems: '0' }, memory: { maxBytes: 64<<20, memorySwapBytes: 128<<20, reservationBytes: 32<<20 }, pids: { max: 100 }, io: { readBps: [], weightDevices: [] }, hugetlb: [{pageSize:'2MB', maxBytes: 4<<20}] } } as any;
for (let i=0;i<150;i++) { await lab.client.run(base); await lab.client.run(ten); }
const n=Number(process.argv[2]??150);
const r: Record<string, {wall:number[], ready:number[], cpu:number}> = {base:{wall:[],ready:[],cpu:0}, ten:{wall:[],ready:[],cpu:0}};
for (let k=0;k<n/10;k++) for (const [name,spec] of [['base',base],['ten',ten]] as const) {
  const c=cpu();
  for (let i=0;i<10;i++){ const o=await lab.client.run(spec); r[name]!.wall.push(o.endMs); r[name]!.ready.push(o.readyMs); }
  r[name]!.cpu+=cpu()-c;
}
const med=(a:number[])=>a.sort((x,y)=>x-y)[a.length>>1]!;
const q=(a:number[])=>a.sort((x,y)=>x-y)[a.length>>2]!;
for (const [k,v] of Object.entries(r)) console.log(k,'end median',med(v.wall).toFixed(2),'q1',q(v.wall).toFixed(2),'ready median',med(v.ready).toFixed(2),'q1',q(v.ready).toFixed(2),'daemon cpu/run ms',(v.cpu/n).toFixed(2));
