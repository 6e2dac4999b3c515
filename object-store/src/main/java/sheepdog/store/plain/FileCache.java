package sheepdog.store.plain;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import sheepdog.protocol.model.ObjectId;
import sheepdog.store.disk.Disk;
import sheepdog.store.disk.DiskException;
import sheepdog.store.disk.DiskFile;

/** Object files, kept open up to a number. Any thread. */
final class FileCache implements AutoCloseable {
    private final Disk disk;
    private final Function<ObjectId, Path> paths;
    private final int openMax;
    private final ReentrantLock lock = new ReentrantLock();
    private final LinkedHashMap<ObjectId, Lease> open = new LinkedHashMap<>(16, 0.75f, true);

    FileCache(Disk disk, Function<ObjectId, Path> paths, int openMax) {
        this.disk = disk;
        this.paths = paths;
        this.openMax = openMax;
    }

    /** An open file, until it is closed by each of its users. */
    final class Lease implements AutoCloseable {
        private final DiskFile file;
        private int users;
        private boolean dropped;

        private Lease(DiskFile file) {
            this.file = file;
        }

        DiskFile file() {
            return file;
        }

        @Override
        public void close() {
            lock.lock();
            try {
                if (--users == 0 && dropped) {
                    file.close();
                }
            } finally {
                lock.unlock();
            }
        }
    }

    /** The object's file. */
    Lease open(ObjectId oid) throws DiskException {
        lock.lock();
        try {
            Lease lease = open.get(oid);
            if (lease == null) {
                lease = new Lease(disk.open(paths.apply(oid)));
                open.put(oid, lease);
                makeRoom();
            }
            lease.users++;
            return lease;
        } finally {
            lock.unlock();
        }
    }

    /** The object's file is this one from now on. */
    void put(ObjectId oid, DiskFile file) {
        lock.lock();
        try {
            drop(oid);
            open.put(oid, new Lease(file));
            makeRoom();
        } finally {
            lock.unlock();
        }
    }

    /** The object's file has another name now, or none. */
    void drop(ObjectId oid) {
        lock.lock();
        try {
            Lease lease = open.remove(oid);
            if (lease != null) {
                drop(lease);
            }
        } finally {
            lock.unlock();
        }
    }

    private void makeRoom() {
        var leases = open.values().iterator();
        while (open.size() > openMax && leases.hasNext()) {
            Lease lease = leases.next();
            if (lease.users == 0 && leases.hasNext()) { // The last one is the one just opened.
                leases.remove();
                drop(lease);
            }
        }
    }

    private static void drop(Lease lease) {
        lease.dropped = true;
        if (lease.users == 0) {
            lease.file.close();
        }
    }

    /** Closes what nobody uses, and the rest when its users have gone. */
    @Override
    public void close() {
        lock.lock();
        try {
            open.values().forEach(FileCache::drop);
            open.clear();
        } finally {
            lock.unlock();
        }
    }
}
