package sheepdog.store.rocks;

import java.io.IOException;
import java.net.JarURLConnection;
import java.nio.file.Path;
import java.util.List;
import org.rocksdb.RocksDB;
import org.rocksdb.util.Environment;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import sheepdog.store.disk.ResourceFile;

/**
 * Loads RocksDB's native code, once per process, from a file below the store: the default, a new copy in the folder for
 * temporary files at each start, leaves 17 MB there after each kill.
 */
final class NativeLibrary {
    private static final Logger LOG = LoggerFactory.getLogger(NativeLibrary.class);
    private static boolean loaded;

    private NativeLibrary() {}

    /** @param folder where the code may be put; a copy of an earlier start is used again if it is the same */
    static synchronized void load(Path folder) {
        if (loaded) {
            return;
        }
        try {
            RocksDB.loadLibrary(List.of(extracted(folder).toString()));
        } catch (IOException | UnsatisfiedLinkError failure) {
            // Such as a file system that does not allow code.
            LOG.info("native library not loaded from the store folder={} reason={}", folder, failure.getMessage());
            RocksDB.loadLibrary();
        }
        loaded = true;
    }

    private static Path extracted(Path folder) throws IOException {
        String resourceName = Environment.getJniLibraryFileName("rocksdb");
        String fileName = Environment.getJniLibraryFileName("rocksdbjni"); // As loadLibrary asks for it.
        var resource = RocksDB.class.getClassLoader().getResource(resourceName);
        if (resource == null) {
            throw new IOException("no " + resourceName + " in the class path");
        }
        String version = resource.openConnection() instanceof JarURLConnection jar
                ? Long.toHexString(jar.getJarEntry().getCrc())
                : "unpacked";
        return ResourceFile.extract(resource, folder, version, fileName);
    }
}
