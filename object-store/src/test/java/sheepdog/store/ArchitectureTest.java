package sheepdog.store;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.ThreadLocalRandom;

/** The rules of this module. */
@AnalyzeClasses(packages = "sheepdog.store", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
    @ArchTest
    static final ArchRule storeKnowsNoNetworkAndNoDaemon = noClasses()
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                    "io.netty..",
                    "org.jgroups..",
                    "org.apache.zookeeper..",
                    "io.micrometer..",
                    "sheepdog.sheep..",
                    "sheepdog.membership..")
            .because("the store runs under the simulator and in tools, where there is neither");

    @ArchTest
    static final ArchRule rocksDbStaysBehindItsSeam = noClasses()
            .that()
            .resideOutsideOfPackage("sheepdog.store.rocks")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("org.rocksdb..")
            .because("a handle used after its release ends the process");

    @ArchTest
    static final ArchRule filesAreOpenedByTheDiskOnly = noClasses()
            .that()
            .resideOutsideOfPackage("sheepdog.store.disk")
            .should()
            .dependOnClassesThat()
            .haveFullyQualifiedName("java.nio.file.Files")
            .orShould()
            .dependOnClassesThat()
            .haveNameMatching("java\\.io\\.(File|Random).*")
            .orShould()
            .dependOnClassesThat()
            .haveNameMatching("java\\.nio\\.channels\\..*")
            .because("what goes past the disk's door cannot be simulated");

    @ArchTest
    static final ArchRule timeAndChanceAreInjected = noClasses()
            .should()
            .callMethod(System.class, "nanoTime")
            .orShould()
            .callMethod(System.class, "currentTimeMillis")
            .orShould()
            .callMethod(Thread.class, "sleep", long.class)
            .orShould()
            .callMethod(Math.class, "random")
            .orShould()
            .dependOnClassesThat()
            .areAssignableTo(Random.class)
            .orShould()
            .dependOnClassesThat()
            .belongToAnyOf(ThreadLocalRandom.class, UUID.class)
            .orShould()
            .dependOnClassesThat(resideInAPackage("java.time.."))
            .because("simulated time and chance must be the only ones");

    @ArchTest
    static final ArchRule threadsAreTheCallers = noClasses()
            .should()
            .dependOnClassesThat()
            .belongToAnyOf(Thread.class, Executors.class, ForkJoinPool.class, CompletableFuture.class)
            .because("calls are blocking, and threads belong to whoever calls");

    @ArchTest
    static final ArchRule packagesHaveNoCycles =
            slices().matching("sheepdog.store.(*)..").should().beFreeOfCycles();
}
