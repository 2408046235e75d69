// The round trips of npm's dicomweb-client, the library of OHIF and Slim: store, search, retrieve.
// Reads {url, token, files, uids: [study, series, instance]} from standard input and prints what it
// got; bytes are told by their SHA-256. It speaks XMLHttpRequest, which Node lacks: xhr2 lends it.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import xhr2 from 'xhr2';
import dicomweb from 'dicomweb-client';

globalThis.XMLHttpRequest = xhr2;
const told = JSON.parse(readFileSync(0, 'utf8'));
const [studyInstanceUID, seriesInstanceUID, sopInstanceUID] = told.uids;
const study = { studyInstanceUID };
const series = { ...study, seriesInstanceUID };
const instance = { ...series, sopInstanceUID };
const client = new dicomweb.api.DICOMwebClient({
  url: told.url,
  headers: { Authorization: `Bearer ${told.token}` },
});

const hash = (bytes) => createHash('sha256').update(Buffer.from(bytes)).digest('hex');
const hashes = (several) => [several].flat().map(hash);
const bytesOf = (path) => new Uint8Array(readFileSync(path)).buffer;
const startOf = (several) => Buffer.from([several].flat()[0]).subarray(0, 3).toString('hex');
const count = (found) => found.length;

const answer = JSON.parse(await client.storeInstances({ datasets: told.files.map(bytesOf) }));
const metadata = await client.retrieveInstanceMetadata(instance);
const bulk = metadata['7FE00010'] ?? metadata[0]?.['7FE00010'];

console.log(
  JSON.stringify({
    stored: answer['00081199'].Value.length,
    failed: answer['00081198'] ?? null,
    studies: await client
      .searchForStudies({ queryParams: { StudyInstanceUID: studyInstanceUID } })
      .then(count),
    nobody: await client.searchForStudies({ queryParams: { PatientID: 'nobody' } }).then(count),
    series: await client.searchForSeries(study).then(count),
    instances: await client.searchForInstances(series).then(count),
    study_metadata: await client.retrieveStudyMetadata(study).then(count),
    series_metadata: await client.retrieveSeriesMetadata(series).then(count),
    instance: hash(await client.retrieveInstance(instance)),
    series_files: hashes(await client.retrieveSeries(series)),
    study_files: hashes(await client.retrieveStudy(study)),
    frames: hashes(await client.retrieveInstanceFrames({ ...instance, frameNumbers: [1] })),
    bulk: hashes(await client.retrieveBulkData({ BulkDataURI: new URL(bulk.BulkDataURI, told.url).href })),
    // This client reads pictures as bytes only when no media type is named: then it takes our default.
    rendered: startOf(await client.retrieveInstanceRendered(instance)),
    thumbnail: startOf(await client.retrieveInstanceThumbnail(instance)),
  }),
);
