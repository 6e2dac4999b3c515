package sheepdog.membership;

import static com.tngtech.archunit.core.domain.JavaCall.Predicates.target;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.assignableTo;
import static com.tngtech.archunit.core.domain.properties.HasName.Predicates.nameMatching;
import static com.tngtech.archunit.core.domain.properties.HasOwner.Predicates.With.owner;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import java.io.File;
import java.nio.file.Files;
import java.time.Clock;
import java.time.Instant;
import java.util.Random;
import java.util.Timer;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.ThreadPoolExecutor;

/** The module's rules; style.md section 15 has the reasons at length. */
@AnalyzeClasses(packages = "sheepdog.membership", importOptions = ImportOption.DoNotIncludeTests.class)
final class ArchitectureTest {
    /** They talk to the outside, and own threads and sockets. */
    private static final String[] DRIVERS = {"sheepdog.membership.jgroups..", "sheepdog.membership.local.."};

    /** They write files: what the log and the epochs keep, and where local sheep meet. */
    private static final String[] FILES = {
        "sheepdog.membership.files..",
        "sheepdog.membership.log..",
        "sheepdog.membership.epochlog..",
        "sheepdog.membership.local.."
    };

    @ArchTest
    static final ArchRule membershipKnowsNoStoreAndNoDaemon = noClasses()
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                    "sheepdog.store..", "sheepdog.sheep..", "io.netty..", "org.rocksdb..", "io.micrometer..")
            .because("who is in the cluster does not depend on what is stored in it");

    @ArchTest
    static final ArchRule jgroupsStaysBehindItsSeam = noClasses()
            .that()
            .resideOutsideOfPackage("sheepdog.membership.jgroups..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("org.jgroups..")
            .because("the log runs over any transport, the simulated one included");

    @ArchTest
    static final ArchRule timeIsInjected = noClasses()
            .should()
            .callMethod(System.class, "nanoTime")
            .orShould()
            .callMethod(System.class, "currentTimeMillis")
            .orShould()
            .callMethod(Instant.class, "now")
            .orShould()
            .dependOnClassesThat()
            .areAssignableTo(Clock.class)
            .because("simulated time must be the only time, and drivers ask their loop for it");

    @ArchTest
    static final ArchRule chanceIsInjected = noClasses()
            .that()
            .resideOutsideOfPackages(DRIVERS)
            .should()
            .dependOnClassesThat()
            .belongToAnyOf(Random.class, ThreadLocalRandom.class)
            .orShould()
            .callMethod(UUID.class, "randomUUID")
            .orShould()
            .callMethod(Math.class, "random")
            .because("a run is repeated from its seed; drivers talk to the outside, which has none");

    @ArchTest
    static final ArchRule nobodySleeps = noClasses()
            .should()
            .callMethod(Thread.class, "sleep", long.class)
            .because("what waits is a timer of the loop, or a queue");

    @ArchTest
    static final ArchRule threadsAreTheDriversOwn = noClasses()
            .that()
            .resideOutsideOfPackages(DRIVERS)
            .should()
            .dependOnClassesThat()
            .belongToAnyOf(Executors.class, ThreadPoolExecutor.class, ForkJoinPool.class, Timer.class)
            .orShould()
            .callConstructorWhere(target(owner(assignableTo(Thread.class))))
            .orShould()
            .callMethod(Thread.class, "ofPlatform")
            .orShould()
            .callMethod(Thread.class, "ofVirtual")
            .because("state has one thread, the loop; only drivers, which wait for sockets, own others");

    @ArchTest
    static final ArchRule nothingIsCompletedElsewhere = noClasses()
            .should()
            .callMethodWhere(target(nameMatching(".*Async")).and(target(owner(assignableTo(CompletableFuture.class)))))
            .because("a future completes on the loop, and what hangs on it runs there");

    @ArchTest
    static final ArchRule filesAreTouchedAtTheSeams = noClasses()
            .that()
            .resideOutsideOfPackages(FILES)
            .and()
            .doNotHaveFullyQualifiedName("sheepdog.membership.jgroups.Host")
            .should()
            .dependOnClassesThat()
            .belongToAnyOf(Files.class, File.class)
            .because("disks are simulated too; jgroups.Host only reads the kernel's limits");

    @ArchTest
    static final ArchRule onlyMainReadsTheEnvironment = noClasses()
            .should()
            .callMethod(System.class, "getProperty", String.class)
            .orShould()
            .callMethod(System.class, "getenv", String.class)
            .orShould()
            .callMethod(System.class, "exit", int.class)
            .orShould()
            .accessField(System.class, "out")
            .orShould()
            .accessField(System.class, "err")
            .because("configuration is checked once, in main");

    @ArchTest
    static final ArchRule noCycles =
            slices().matching("sheepdog.membership.(*)..").should().beFreeOfCycles();
}
