/**
 * Everything that can go wrong without being a bug of ours, in one table: the stable code, the exit code of the
 * command line, whether trying again can help, what is wrong and what to do next. Decide on codes, never on texts.
 */
import { licenceWords, type Licence } from './model.ts'

/** Exit codes of the command line; `bug` is our own fault, 130 is Ctrl-C. */
export const exits = {
  bug: 1,
  usage: 2,
  input: 3,
  model: 4,
  temporary: 5,
  limit: 6,
  partial: 7,
  cloud: 8
} as const

interface Kind<Details> {
  exit: (typeof exits)[keyof typeof exits]
  /** Whether the same can go well another time: `now`, so the chain tries again by itself; `later`, once `next` was done. */
  retry?: 'now' | 'later'
  says: (details: Details) => string
  next: (details: Details) => string
}
const kind = <Details>(k: Kind<Details>) => k

/** Two digits that count, of cents at least. */
export const dollars = (value: number) => `$${value >= 0.1 ? value.toFixed(2) : Number(value.toPrecision(2))}`

export const faults = {
  // what a person asked for
  'task-unknown': kind({
    exit: exits.usage,
    says: (d: { task: string; tasks: string[] }) => `there is no task "${d.task}"`,
    next: d => `choose one of: ${d.tasks.join(', ')}`
  }),
  'options-invalid': kind({
    exit: exits.usage,
    says: (d: { task: string; problems: string[] }) => `${d.task}: ${d.problems.join('; ')}`,
    next: d => `see the options with: clipmill run ${d.task} --help`
  }),

  'ticket-invalid': kind({
    exit: exits.usage,
    says: (d: { key: string; problems: string[] }) =>
      `${d.key} does not say what is wanted: ${d.problems.join('; ')}`,
    next: () =>
      'a ticket looks like {"clip": "clips/street.mp4", "tasks": [{"task": "track-many", "options": {}}]}; a side file like {"options": {}}'
  }),
  'usage-wrong': kind({
    exit: exits.usage,
    /** `command` as it stands behind "clipmill", e.g. `run track-many`. */
    says: (d: { problem: string; command?: string }) => d.problem,
    next: d => `see what there is with: ${['clipmill', d.command, '--help'].filter(Boolean).join(' ')}`
  }),
  'folder-blocked': kind({
    exit: exits.usage,
    says: (d: { path: string }) => `${d.path} cannot be a folder: a file is in its way`,
    next: () =>
      'choose another folder (CLIPMILL_HOME names the one that is used unasked), or move the file away'
  }),
  'results-exist': kind({
    exit: exits.usage,
    says: (d: { folder: string }) => `${d.folder} holds the results of another job`,
    next: () => 'choose another folder with --out, or overwrite them with --force'
  }),

  // clips
  'upload-suspect': kind({
    exit: exits.input,
    says: (d: { key: string; status: string }) => `${d.key} was not found to be free of malware: ${d.status}`,
    next: () => 'look at what GuardDuty has to say of it; where it could not look, upload it again'
  }),
  'clip-missing': kind({
    exit: exits.input,
    /** `found` where a file is meant. */
    says: (d: { clip: string; found?: 'nothing' | 'a folder' | 'no regular file' }) =>
      d.found === undefined || d.found === 'nothing'
        ? `there is no clip at ${d.clip}`
        : `${d.clip} is ${d.found}, so no clip`,
    next: d =>
      d.found === undefined
        ? 'check the name; a ticket names a clip by its key in the uploads bucket'
        : d.found === 'a folder'
          ? `name the clips in it, e.g. ${d.clip.replace(/\/$/, '')}/*.mp4`
          : 'check the name of the file'
  }),
  'clip-empty': kind({
    exit: exits.input,
    says: (d: { file: string }) => `${d.file} is empty`,
    next: () => 'get the clip again from where it came; its copy or upload was perhaps broken off'
  }),
  'clip-not-video': kind({
    exit: exits.input,
    says: (d: { file: string; found: string }) => `${d.file} is not a video but ${d.found}`,
    next: () => 'give a video file: MP4, MOV, MKV, WebM, AVI, MPEG, TS, FLV, OGG, WMV or GIF'
  }),
  'clip-without-video': kind({
    exit: exits.input,
    says: (d: { file: string }) => `${d.file} has no video track that could be shown`,
    next: () => 'give a clip with moving pictures, not with sound alone'
  }),
  'clip-unreadable': kind({
    exit: exits.input,
    says: (d: { file: string; reason: string }) => `${d.file} cannot be read as a video: ${d.reason}`,
    next: () => 'check that it plays; if it does, export it anew as MP4 with H.264'
  }),
  'clip-damaged': kind({
    exit: exits.input,
    says: (d: { file: string; firstFrame: number; lastFrame: number; decoded: number }) =>
      `frames ${d.firstFrame} to ${d.lastFrame} of ${d.file} cannot be decoded (${d.decoded} of ${d.lastFrame - d.firstFrame + 1} could)`,
    next: () => 'get an undamaged copy of the clip, or cut these frames out'
  }),
  'start-frame-missing': kind({
    exit: exits.input,
    says: (d: { start: string; next?: number }) =>
      `the frame of the start (${d.start}) cannot be decoded; ${d.next === undefined ? 'nor can any behind it' : `frame ${d.next} is the next one that can`}`,
    next: d =>
      d.next === undefined
        ? 'give the boxes for an earlier frame'
        : `give the boxes for another frame, e.g. start ${d.next}`
  }),
  'clip-unseekable': kind({
    exit: exits.limit,
    says: (d: { file: string; frames: number; limit: number }) =>
      `${d.file} has ${d.frames} frames behind a single key frame; the limit is ${d.limit}`,
    next: d =>
      `encode it anew with a key frame every few seconds: ffmpeg -i ${d.file} -c:v libx264 -g 100 -c:a copy out.mp4`
  }),

  'limit-exceeded': kind({
    exit: exits.limit,
    says: (d: { clip: string; what: string; value: number; limit: number }) =>
      d.what === 'dollars'
        ? `the job on ${d.clip} would cost about ${dollars(d.value)}; the limit is ${dollars(d.limit)}`
        : `${d.clip} has ${d.value} ${d.what}; the limit is ${d.limit}`,
    next: d =>
      d.what === 'dollars'
        ? 'cut the clip, ask for less (smaller weights, no overlay), or allow more; clipmill plan tells what each costs'
        : 'cut or scale the clip first; limits that were set for frames can be raised'
  }),

  // what is measured against ground truth
  'sequences-missing': kind({
    exit: exits.input,
    /** `needs` where a sequence is not one of MOTChallenge; so with those that follow. */
    says: (d: { data: string; looked: string[]; needs?: string }) =>
      d.looked.length === 1 && d.looked[0] === d.data
        ? `there is no folder ${d.data}`
        : `there is no sequence with ground truth under ${d.data} (looked in ${d.looked.join(', ')})`,
    next: d =>
      d.needs ??
      'a sequence is a folder with gt/gt.txt and seqinfo.ini; name it, the folder of several, or a data set and its --split'
  }),
  'track-file-missing': kind({
    exit: exits.input,
    says: (d: { file: string; what: string; needs?: string }) =>
      `there is no file ${d.file}, which should hold ${d.what}`,
    next: d =>
      d.needs ??
      'a sequence needs gt/gt.txt and a seqinfo.ini with seqLength; results are called after it: <sequence>.txt'
  }),
  'track-rows-invalid': kind({
    exit: exits.input,
    says: (d: { file: string; line?: number; problem: string; needs?: string }) =>
      `${d.file}${d.line === undefined ? '' : `, line ${d.line}`}: ${d.problem}`,
    next: d =>
      d.needs ??
      'correct the file; rows are frame,id,x,y,w,h,… as MOTChallenge has them: 1,3,794.2,247.5,71.2,174.8,1,1,0.8 as truth, 1,3,794.2,247.5,71.2,174.8,0.9,-1,-1,-1 as a result'
  }),
  'track-length-differs': kind({
    exit: exits.input,
    says: (d: { file: string; rows: number; truth: string; frames: number }) =>
      `${d.file} is about ${d.rows} frames; ${d.truth} has ${d.frames}`,
    next: () => 'take the file that was made on the frames of this ground truth, one row or flag for each'
  }),
  'seqinfo-invalid': kind({
    exit: exits.input,
    says: (d: { file: string; problem: string; needs?: string }) => `${d.file}: ${d.problem}`,
    next: d => d.needs ?? 'under [Sequence] there must be a line like seqLength=600, the number of its frames'
  }),
  'sequence-without-clip': kind({
    exit: exits.input,
    says: (d: { folder: string; videos: number }) =>
      `${d.folder} has ${d.videos === 0 ? 'no video file' : `${d.videos} video files, none of which is called after it`}`,
    next: () =>
      'put the clip beside gt/ as <sequence>.mp4 (of pictures: ffmpeg -framerate 25 -i img1/%06d.jpg -c:v libx264 -crf 12 <sequence>.mp4), or give results with --results'
  }),
  'sequence-clip-differs': kind({
    exit: exits.input,
    says: (d: { clip: string; frames: number; length: number }) =>
      `${d.clip} has ${d.frames} frames; its seqinfo.ini says ${d.length}`,
    next: () => 'take the clip that the ground truth was made on, frame by frame, or correct seqLength'
  }),
  'sequence-pictures-differ': kind({
    exit: exits.input,
    says: (d: { folder: string; pictures: number; frames: number; needs: string }) =>
      `${d.folder} has ${d.pictures} pictures; the ground truth tells of ${d.frames} frames`,
    next: d => `${d.needs}; or give results with --results`
  }),
  'pictures-missing': kind({
    exit: exits.input,
    says: (d: { data: string; looked: string[] }) =>
      d.looked.length === 0
        ? `there is no folder ${d.data}`
        : `there are no pictures in ${d.looked.join(' and ')}`,
    next: () =>
      'name the folder of a data set: its pictures of full size are the .png, .jpg or .tif files in it, or in HR in it'
  }),
  'triplets-missing': kind({
    exit: exits.input,
    says: (d: { data: string; problem: string }) => `${d.data}: ${d.problem}`,
    next: () =>
      'name the folder of Vimeo90K (tri_testlist.txt in it), UCF101, SNU-FILM (test-easy.txt) or Middlebury (other-gt-interp), or one of folders with im1.png, im2.png and im3.png each'
  }),
  'middle-missing': kind({
    exit: exits.input,
    says: (d: { triplet: string; looked: string[] }) =>
      `of ${d.triplet} there is no middle frame: neither ${d.looked.join(' nor ')}`,
    next: () => 'put a picture there for each triplet of the data set'
  }),
  'picture-unsuitable': kind({
    exit: exits.input,
    says: (d: { file: string; problem: string }) => `${d.file}: ${d.problem}`,
    next: () => 'get the data set again from its source, or leave this picture out'
  }),

  // models
  'model-unknown': kind({
    exit: exits.model,
    says: (d: { model: string; models: string[] }) => `there is no model "${d.model}"`,
    next: d => `choose one of: ${d.models.join(', ')}`
  }),
  'precision-unknown': kind({
    exit: exits.model,
    says: (d: { model: string; weights: string; system: string; precisions: string[] }) =>
      `there is no model "${d.model}": weights of ${d.system} are stored as ${d.precisions.join(' or ')}`,
    next: d =>
      `choose one of: ${d.precisions.map(one => (one === 'float32' ? d.weights : `${d.weights}@${one}`)).join(', ')}`
  }),

  'weights-changed': kind({
    exit: exits.model,
    says: (d: { file: string; expected: string; found: string }) =>
      `${d.file} is not the file that the catalogue names: its sha256 is ${d.found}, not ${d.expected}`,
    next: () =>
      'get the file again from its source; weights of your own get a name of their own: clipmill models import --help'
  }),
  'weights-missing': kind({
    exit: exits.model,
    retry: 'later',
    says: (d: { model: string; bytes?: number; source: string; licence: Licence; get: string }) =>
      `the weights ${d.model}${d.bytes === undefined ? '' : ` (${megabytes(d.bytes)})`} are not on this machine; source: ${d.source}; licence: ${licenceWords(d.licence)}`,
    next: d => d.get
  }),
  'weights-by-hand': kind({
    exit: exits.model,
    says: (d: { model: string; get: string }) => `the weights ${d.model} cannot be pulled`,
    next: d => d.get
  }),
  'weights-unpinned': kind({
    exit: exits.model,
    says: (d: { model: string }) =>
      `nobody states a checksum for the file of ${d.model}, so what arrives could be anything that fits the network`,
    next: () =>
      'where you trust its source, add --accept-unpinned: the checksum of what arrives is kept, and any other file is refused from then on'
  }),
  'weights-of-other': kind({
    exit: exits.model,
    says: (d: { file: string; model: string; is: string }) =>
      `${d.file} is the file of ${d.is}, not of ${d.model}`,
    next: d => `use it as what it is: clipmill models import ${d.is} FILE`
  }),
  'weights-preprocessing-wrong': kind({
    exit: exits.model,
    says: (d: { file: string; is: string; trained: string; given: string }) =>
      `${d.file} is the file of ${d.is}, which was trained with the pre-processing "${d.trained}", not "${d.given}"`,
    next: d => `give --preprocessing ${d.trained}: with the other one the network finds nothing`
  }),
  'weights-name-taken': kind({
    exit: exits.usage,
    says: (d: { model: string }) => `there are other weights of the name ${d.model}`,
    next: d => `choose another name, or remove those first: clipmill models rm ${d.model}`
  }),
  'weights-in-package': kind({
    exit: exits.usage,
    says: (d: { model: string }) => `the weights ${d.model} are part of clipmill and cannot be removed`,
    next: () => 'they take a few megabytes; nothing needs to be done'
  }),
  'weights-unavailable': kind({
    exit: exits.model,
    retry: 'later',
    says: (d: { from: string; status?: number }) =>
      d.status === undefined
        ? `there is no file ${d.from}`
        : `${d.from} is refused with HTTP status ${d.status}`,
    next: () =>
      'name another place that has the file under its name with CLIPMILL_MIRROR (an address or a folder), or get it by hand and use: clipmill models import'
  }),
  'weights-size-wrong': kind({
    exit: exits.model,
    says: (d: { from: string; expected: number; found: number }) =>
      `${d.from} has ${d.found} bytes; the file that the catalogue names has ${d.expected}`,
    next: () => 'something else is given out there now; name another place with CLIPMILL_MIRROR'
  }),
  'download-failed': kind({
    exit: exits.temporary,
    retry: 'later',
    says: (d: { from: string; reason: string }) => `${d.from} could not be fetched: ${d.reason}`,
    next: () =>
      'check the network, then run the same command again: it goes on where it was; behind a proxy set NODE_USE_ENV_PROXY=1'
  }),
  'model-changed': kind({
    exit: exits.model,
    says: (d: { model: string; found: string }) =>
      `there are other files than those of the model ${d.model}: they are ${d.found}`,
    next: () =>
      'in an account: deploy again, which puts it there anew; on one machine: remove its weights with clipmill models rm and get them again'
  }),
  'model-not-built': kind({
    exit: exits.model,
    says: (d: { model: string; built: string[] }) =>
      `the model ${d.model} is not among the built ones (${d.built.join(', ') || 'none'})`,
    next: d =>
      `on one machine: get its weights (clipmill models show ${d.model} says how) and start again, clipmill serve with --models ${d.model}; in an account: deploy it too, with -c models=${d.model}`
  }),

  // running
  'media-timeout': kind({
    exit: exits.limit,
    says: (d: { doing: string; file: string; seconds: number }) =>
      `${d.doing} ${d.file} was stopped after ${d.seconds} s`,
    next: () => 'cut or scale the clip first; a damaged clip can be exported anew'
  }),
  'media-crashed': kind({
    exit: exits.input,
    retry: 'now',
    says: (d: { doing: string; file: string; how: string }) =>
      `the media process ended while ${d.doing} ${d.file} (${d.how})`,
    next: () =>
      'try again; if it ends again, the clip is damaged or needs more memory: export it anew, or scale it down'
  }),
  'worker-lost': kind({
    exit: exits.temporary,
    retry: 'now',
    says: (d: { step: string; reason: string }) => `the process that ran ${d.step} ended: ${d.reason}`,
    next: () =>
      'run the same command again: it goes on where it was; if it ends again, the machine may lack memory'
  }),
  'step-timeout': kind({
    exit: exits.temporary,
    retry: 'now',
    says: (d: { step: string; seconds: number }) => `${d.step} was not done after ${d.seconds} s`,
    next: () => 'run the same command again: it goes on where it was'
  }),
  'step-unavailable': kind({
    exit: exits.cloud,
    retry: 'now',
    says: (d: { step: string; reason: string }) => `${d.step} could not be run: ${d.reason}`,
    next: () =>
      'start the job again in a moment; if it stays so, see the quota of concurrent functions of the account'
  }),

  'disk-full': kind({
    exit: exits.limit,
    retry: 'later',
    says: (d: { path: string }) => `there is no space left on the disk${d.path && ` of ${d.path}`}`,
    next: () =>
      'free some space, or name another disk with CLIPMILL_HOME and --out; then run the same command again'
  }),
  'file-denied': kind({
    exit: exits.input,
    retry: 'later',
    says: (d: { path: string }) => `${d.path || 'a file'} may not be read or written by this user`,
    next: () =>
      'check the permissions, or choose another folder (CLIPMILL_HOME names the one that is used unasked)'
  }),
  'internal-error': kind({
    exit: exits.bug,
    says: (d: { reason: string }) => `something went wrong that should not: ${d.reason}`,
    next: () =>
      'this is a bug of clipmill; please report it with this message and the clip, if you may share it'
  }),

  // storage
  'object-missing': kind({
    exit: exits.input,
    says: (d: { bucket: string; key: string }) => `there is no object ${d.key} in the bucket ${d.bucket}`,
    next: () => 'check the name, and whether its lifetime has ended'
  }),
  'object-changed': kind({
    exit: exits.input,
    says: (d: { bucket: string; key: string }) =>
      `${d.key} in the bucket ${d.bucket} was replaced in the meantime`,
    next: () =>
      'what replaced it has a job of its own; upload the older one again under another name if it is wanted too'
  }),
  'object-invalid': kind({
    exit: exits.input,
    says: (d: { bucket: string; key: string; problems: string[] }) =>
      `${d.key} in the bucket ${d.bucket} is not what is expected there: ${d.problems.join('; ')}`,
    next: () => 'correct the object, or remove it and run again what wrote it'
  }),
  'bucket-missing': kind({
    exit: exits.cloud,
    says: (d: { bucket: string }) => `there is no bucket ${d.bucket}`,
    next: () => 'check the name, the region and the account'
  }),
  'storage-denied': kind({
    exit: exits.cloud,
    retry: 'later',
    says: (d: { bucket: string; key: string; reason: string }) =>
      `access to ${d.key} in the bucket ${d.bucket} is refused: ${d.reason}`,
    next: () =>
      'check the credentials and what their role may do; without permission to list, a missing object is refused too'
  }),
  'bus-unavailable': kind({
    exit: exits.temporary,
    retry: 'now',
    says: (d: { bus: string; reason: string }) =>
      `the event bus ${d.bus} did not take what we announce: ${d.reason}`,
    next: () => 'nothing where it is tried again; else check that the bus is there and may be written to'
  }),
  'machine-unavailable': kind({
    exit: exits.temporary,
    retry: 'now',
    says: (d: { job: string; reason: string }) =>
      `the state machine of the job ${d.job} did not start: ${d.reason}`,
    next: () =>
      'nothing where it is tried again; else check that the state machine is there and may be started'
  }),
  'webhook-refused': kind({
    exit: exits.temporary,
    retry: 'now',
    says: (d: { url: string; reason: string }) =>
      `the webhook ${d.url} did not take an announcement: ${d.reason}`,
    next: () => 'nothing where it is sent again; else check that the address answers 2xx within ten seconds'
  }),
  'storage-unavailable': kind({
    exit: exits.temporary,
    retry: 'now',
    says: (d: { bucket: string; key: string; reason: string }) =>
      `the storage did not answer for ${d.key} in the bucket ${d.bucket}: ${d.reason}`,
    next: () => 'try again in a moment; if it stays so, check the network and the endpoint'
  }),
  'storage-full': kind({
    exit: exits.limit,
    retry: 'later',
    says: (d: { bucket: string; key: string }) =>
      `there is no space left on the disk for ${d.key} of the bucket ${d.bucket}`,
    next: () => 'free space on that disk, then run the same again: what is done already stays'
  }),

  // the store of one machine
  'store-in-use': kind({
    exit: exits.temporary,
    retry: 'later',
    says: (d: { dir: string }) => `another clipmill is at work in ${d.dir}, perhaps on the same command`,
    next: () => 'wait until it has ended, or end it'
  }),
  'store-damaged': kind({
    exit: exits.input,
    says: (d: { file: string; line: number }) => `${d.file} cannot be read from line ${d.line} on`,
    next: () => 'put the file back from a backup, or remove that line: the object that it names is then lost'
  }),
  'store-version': kind({
    exit: exits.input,
    says: (d: { file: string; found: number; known: number }) =>
      `${d.file} is of version ${d.found}; this clipmill knows ${d.known}`,
    next: () => 'use the clipmill that wrote it, or another folder'
  }),
  'serve-missing': kind({
    exit: exits.usage,
    says: (d: { folder: string }) => `nobody has served from ${d.folder} yet`,
    next: () => 'start clipmill serve, or name its folder with --folder'
  }),
  'serve-away': kind({
    exit: exits.temporary,
    retry: 'later',
    says: (d: { endpoint: string }) => `clipmill serve does not answer at ${d.endpoint}`,
    next: () => 'start clipmill serve; what it was at goes on then'
  }),
  'address-invalid': kind({
    exit: exits.input,
    says: (d: { file: string }) => `${d.file} is not what clipmill serve writes there`,
    next: () => 'remove it: the next clipmill serve makes it anew, with other keys'
  }),
  'job-unknown': kind({
    exit: exits.input,
    /** `jobs`: the command for the jobs of that place, which is this machine unless it says so. */
    says: (d: { job: string; found: number; jobs?: 'cloud jobs' }) =>
      d.found > 1 ? `${d.found} jobs have an id that begins with ${d.job}` : `there is no job ${d.job}`,
    next: d =>
      `clipmill ${d.jobs ?? 'jobs ls'} lists them; the beginning of an id will do where only one begins so`
  }),
  'job-state': kind({
    exit: exits.usage,
    says: (d: { job: string; state: string; wish: string; show?: 'cloud logs' }) =>
      `${d.job} is ${d.state}: it cannot be ${d.wish}`,
    next: d => `clipmill ${d.show ?? 'jobs show'} ${d.job} tells more`
  }),
  'port-in-use': kind({
    exit: exits.usage,
    says: (d: { port: number }) => `another program listens on port ${d.port}`,
    next: () => 'end it, or choose another port'
  }),

  // deployments
  'region-missing': kind({
    exit: exits.usage,
    says: (d: { profile: string }) => `neither AWS_REGION nor the profile ${d.profile} names a region of AWS`,
    next: () => 'set AWS_REGION, or name another profile with AWS_PROFILE'
  }),
  'profile-missing': kind({
    exit: exits.usage,
    says: (d: { profile: string; profiles: string[] }) =>
      `AWS_PROFILE names the profile ${d.profile}, which is in none of AWS's files`,
    next: d =>
      d.profiles.length > 0
        ? `name one of: ${d.profiles.join(', ')}`
        : `make it with: aws configure --profile ${d.profile}`
  }),
  'credentials-missing': kind({
    exit: exits.cloud,
    retry: 'later',
    /** `said`: the SDK's words. */
    says: (d: { profile: string; said: string }) =>
      `there are no credentials for AWS in the environment or the profile ${d.profile}: ${d.said}`,
    next: () => 'sign in (aws configure, aws sso login), or name another profile with AWS_PROFILE'
  }),
  'session-expired': kind({
    exit: exits.cloud,
    retry: 'later',
    /** `reason`: the error's name with AWS; `sso`: whether somebody signs in by a browser to use the profile. */
    says: (d: { action: string; reason: string; profile: string; sso: boolean }) =>
      `the credentials of the profile ${d.profile} ran out before AWS could ${d.action}: ${d.reason}`,
    next: d =>
      d.sso
        ? `sign in again: aws sso login --profile ${d.profile}`
        : 'get new ones where you got these, and run the same again'
  }),
  'credentials-invalid': kind({
    exit: exits.cloud,
    retry: 'later',
    says: (d: { action: string; reason: string; said: string }) =>
      `AWS does not know the credentials with which it was to ${d.action}: ${d.reason}: ${d.said}`,
    next: () =>
      "check the keys, this machine's clock, and whether the account has the region enabled; aws sts get-caller-identity tells"
  }),
  'cloud-denied': kind({
    exit: exits.cloud,
    retry: 'later',
    /** `reason`: the error's name with AWS; `said`: its text, which names the action and the resource that a right is missing for. */
    says: (d: { action: string; reason: string; said: string }) =>
      `AWS does not let us ${d.action}: ${d.reason}: ${d.said}`,
    next: () => 'ask for that right; what a role needs says: clipmill cloud policies'
  }),
  'cloud-refused': kind({
    exit: exits.cloud,
    retry: 'later',
    says: (d: { action: string; reason: string; said: string }) =>
      `AWS did not ${d.action}: ${d.reason}: ${d.said}`,
    next: () =>
      'where something was removed or changed by hand, clipmill deploy puts it back; clipmill doctor looks at the account'
  }),
  'cloud-unreachable': kind({
    exit: exits.temporary,
    retry: 'later',
    /** `reason`: the code of the network's or of TLS's error. */
    says: (d: { action: string; reason: string; host: string | undefined }) =>
      `AWS could not be reached to ${d.action}: ${d.reason}${d.host === undefined ? '' : ` (${d.host})`}`,
    next: () =>
      'check the network, AWS_REGION and AWS_ENDPOINT_URL; behind a proxy that opens TLS, name its certificate with NODE_EXTRA_CA_CERTS'
  }),
  'cloud-unreadable': kind({
    exit: exits.temporary,
    retry: 'later',
    says: (d: { action: string; status: number }) =>
      `asked to ${d.action}, something answered that is not AWS, with status ${d.status} and neither XML nor JSON of it`,
    next: () =>
      'sign in to the network, or past its proxy, and check AWS_ENDPOINT_URL; then run the same again'
  }),
  'cloud-unavailable': kind({
    exit: exits.temporary,
    retry: 'later',
    says: (d: { action: string; reason: string }) => `AWS did not ${d.action}: ${d.reason}`,
    next: () => 'it is busy or has a fault of its own: try again in a moment'
  }),
  'stack-missing': kind({
    exit: exits.cloud,
    /** `state` of one that is there, but whose outputs are not those of clipmill. */
    says: (d: { stack: string; region: string; state?: string }) =>
      d.state === undefined
        ? `there is no stack ${d.stack} in ${d.region}`
        : `the stack ${d.stack} in ${d.region} has no buckets of clipmill; its state is ${d.state}`,
    next: () =>
      'check --stack, AWS_REGION and AWS_PROFILE; clipmill deploy makes it, and mends one that is not whole'
  }),
  'bucket-filled': kind({
    exit: exits.usage,
    retry: 'later',
    says: (d: { buckets: string[] }) =>
      `what is not empty cannot be removed, and nothing of yours is deleted for you: ${d.buckets.join(', ')}`,
    next: () =>
      'empty them first, with their older versions: "Empty" in the console of S3; then run the same again'
  }),
  'infra-missing': kind({
    exit: exits.usage,
    says: (d: { folder: string }) => `${d.folder} does not hold what is deployed (infra/ and aws-cdk)`,
    next: () => 'clone the repository, run npm ci there, and run this command in it'
  }),
  'deployment-invalid': kind({
    exit: exits.usage,
    says: (d: { problems: string[] }) => `the deployment cannot be made so: ${d.problems.join('; ')}`,
    next: () =>
      'docs/deploying.md has the options; they stand in cdk.json, or are given by -c name=value or as properties of Clipmill'
  }),
  'deploy-blocked': kind({
    exit: exits.cloud,
    retry: 'later',
    says: (d: { problems: string[] }) => d.problems.join('; '),
    next: () => 'clipmill doctor says what to do about each'
  }),
  'cdk-failed': kind({
    exit: exits.cloud,
    retry: 'later',
    /** `said`: the last lines of what it said. */
    says: (d: { command: string; exit: number | null; said: string[] }) =>
      `cdk ${d.command} ended with ${d.exit === null ? 'a signal' : `exit code ${d.exit}`}`,
    next: () => 'what it said stands above; the same command goes on where it was'
  }),

  // golden files
  'golden-unreadable': kind({
    exit: exits.input,
    says: (d: { golden: string; reason: string }) =>
      `${d.golden} cannot be read as a golden file: ${d.reason}`,
    next: () =>
      'a golden file is JSON, plain or gzipped: the name of the system, the inputs or the rule that makes them, and what the authors’ code gave for them'
  }),
  'golden-missed': kind({
    exit: exits.model,
    says: (d: { file: string; stages: string[] }) =>
      `${d.file}: not within tolerance: ${d.stages.join(', ')}`,
    next: () => 'the network or a step of it is not the authors’; compare the first stage that is off'
  }),
  'golden-unknown': kind({
    exit: exits.input,
    says: (d: { system: string; case: string }) =>
      `there is nothing to compare a golden file of ${[d.system, d.case].filter(Boolean).join(' ')} with`,
    next: () =>
      'take a golden file of a system that a task of this version uses: clipmill run --help lists the tasks'
  }),

  // checkpoints
  'weights-unreadable': kind({
    exit: exits.model,
    says: (d: { file: string; reason: string }) => `${d.file} cannot be read as a checkpoint: ${d.reason}`,
    next: () =>
      'get the file again from its source; PyTorch .pth/.pt/.tar (zip or legacy) and .safetensors are read'
  }),
  'weights-unopenable': kind({
    exit: exits.model,
    says: (d: { file: string; reason: 'missing' | 'no-file' | 'forbidden' | 'failed' }) =>
      `${d.file} ${
        {
          missing: 'does not exist',
          'no-file': 'is not a file',
          forbidden: 'may not be read by this user',
          failed: 'cannot be opened'
        }[d.reason]
      }`,
    next: () => 'check the path and the permissions of the checkpoint'
  }),
  'weights-web-page': kind({
    exit: exits.model,
    says: (d: { file: string }) => `${d.file} is a web page, not a checkpoint`,
    next: () =>
      'shared drives answer so when they want a login or a confirmation: open the address in a browser and download from there'
  }),
  'weights-unsupported': kind({
    exit: exits.model,
    says: (d: { file: string; reason: string }) => `${d.file} is of a kind that is not read: ${d.reason}`,
    next: () =>
      "load it in PyTorch, where you trust it, and save the network's plain state dict with torch.save or as safetensors"
  }),
  'weights-key-unknown': kind({
    exit: exits.usage,
    says: (d: { file: string; under: string; keys: string[] }) =>
      `${d.file} has no tensors under "${d.under}"`,
    next: d =>
      `choose one of: ${d.keys
        .slice(0, 8)
        .map(key => key || '"" (the top)')
        .join(', ')}`
  }),
  'weights-unwritable': kind({
    exit: exits.model,
    says: (d: { file: string; reason: string }) => `${d.file} cannot be written: ${d.reason}`,
    next: () => 'check that the folder exists, may be written and has space left'
  }),
  'weights-mismatch': kind({
    exit: exits.model,
    says: (d: {
      file: string
      variant: string
      /** The network that it fits. */
      is?: string
      missing: string[]
      unused: string[]
      misshapen: string[]
    }) =>
      `${d.file} does not fit ${d.variant}: ${[
        d.is && `it is ${d.is}`,
        listed('missing', d.missing),
        listed('unused', d.unused),
        listed('of another shape', d.misshapen)
      ]
        .filter(Boolean)
        .join('; ')}`,
    next: d =>
      d.is
        ? 'import it as what it is: clipmill models ls lists networks and variants'
        : `check that the file was trained as ${d.variant}: clipmill models inspect ${d.file}`
  })
}

const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`

const listed = (what: string, names: string[]) =>
  names.length && `${names.length} ${what} (${names.slice(0, 4).join(', ')}${names.length > 4 ? ', …' : ''})`

export type FaultCode = keyof typeof faults
export type FaultDetails<Code extends FaultCode> = Parameters<(typeof faults)[Code]['says']>[0]

/** A fault as it crosses a process or a network. */
export interface FaultRecord {
  code: string
  message: string
  next: string
  details: Record<string, unknown>
}

/** Narrower than `instanceof`, which would leave the code unknown. */
export const isFault = (thrown: unknown): thrown is Fault => thrown instanceof Fault

/** Of a file system's error: no space left, or what a quota, or the limit of the process, lets a file have. */
export const isDiskFull = (code: string) => ['ENOSPC', 'EDQUOT', 'EFBIG'].includes(code)

/** An expected failure: `new Fault('task-unknown', { task, tasks })`. Its `name` is its code, which is what retry rules match. */
export class Fault<Code extends FaultCode = FaultCode> extends Error {
  readonly code: Code
  readonly details: FaultDetails<Code>

  constructor(code: Code, details: FaultDetails<Code>, options?: ErrorOptions) {
    super((faults[code] as Kind<FaultDetails<Code>>).says(details), options)
    this.name = code
    this.code = code
    this.details = details
  }

  private get kind() {
    return faults[this.code] as Kind<FaultDetails<Code>>
  }
  get next() {
    return this.kind.next(this.details)
  }
  get exit() {
    return this.kind.exit
  }
  get retry() {
    return this.kind.retry
  }

  toJSON(): FaultRecord {
    return { code: this.code, message: this.message, next: this.next, details: this.details }
  }

  /** Whatever was thrown, as a fault: what is none, nor an error of the file system that has one, is a bug of ours. */
  static of(thrown: unknown): Fault {
    if (isFault(thrown)) return thrown
    const { code = '', path = '' } = (thrown ?? {}) as NodeJS.ErrnoException
    if (isDiskFull(code)) return new Fault('disk-full', { path }, { cause: thrown })
    if (['EEXIST', 'ENOTDIR'].includes(code)) return new Fault('folder-blocked', { path }, { cause: thrown })
    if (['EACCES', 'EPERM', 'EROFS'].includes(code))
      return new Fault('file-denied', { path }, { cause: thrown })
    const reason = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown)
    return new Fault('internal-error', { reason }, { cause: thrown })
  }

  /** The fault that `record` was made from, or undefined where no fault of this version has that code. */
  static from(record: { code: string; details: Record<string, unknown> }): Fault | undefined {
    return Object.hasOwn(faults, record.code)
      ? new Fault(record.code as FaultCode, record.details as FaultDetails<FaultCode>)
      : undefined
  }
}
