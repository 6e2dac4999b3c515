package sheepdog.membership.log;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import sheepdog.membership.api.ClusterLog;
import sheepdog.membership.api.ClusterLogContract;
import sheepdog.membership.api.RecordingMachine;

/** The log on simulated time, network and disks. */
class SimClusterLogTest extends ClusterLogContract {
    @Override
    protected Cluster cluster() {
        return new Simulated();
    }

    private static final class Simulated implements Cluster {
        private final Lab lab = new Lab(11);
        private final List<RecordingMachine> machines = new ArrayList<>();

        Simulated() {
            lab.limits(LogSetup.Limits.DEFAULT);
            lab.unchecked();
            for (int i = 0; i < 5; i++) {
                lab.add(1L << 30);
                machines.add(null);
            }
        }

        @Override
        public void start(int place) {
            var machine = new RecordingMachine();
            machines.set(place, machine);
            lab.box(place).start(machine);
        }

        @Override
        public void kill(int place) {
            lab.box(place).kill();
        }

        @Override
        public ClusterLog log(int place) {
            return lab.life(place).log;
        }

        @Override
        public RecordingMachine machine(int place) {
            return machines.get(place);
        }

        @Override
        public <T> T on(int place, Supplier<T> call) {
            return lab.life(place).on(call::get);
        }

        @Override
        public void await(String what, BooleanSupplier condition) {
            lab.tell("awaits " + what);
            lab.until(condition, Duration.ofSeconds(30));
        }

        @Override
        public void close() {}
    }
}
