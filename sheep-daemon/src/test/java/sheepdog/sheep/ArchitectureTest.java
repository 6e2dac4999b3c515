package sheepdog.sheep;

import static com.tngtech.archunit.base.DescribedPredicate.alwaysTrue;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.methods;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noFields;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noMethods;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaCall;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.ThreadLocalRandom;

/** What keeps the daemon simulable, and its parts apart. */
@AnalyzeClasses(packages = "sheepdog.sheep", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
    private static final String[] FEATURES = {
        "..sheep.gateway..",
        "..sheep.peer..",
        "..sheep.vdi..",
        "..sheep.cluster..",
        "..sheep.recovery..",
        "..sheep.cache..",
        "..sheep.snapshot.."
    };

    private static final String[] EDGES = {"..sheep.net..", "..sheep.nbd..", "..sheep.admin.."};

    @ArchTest
    static final ArchRule nettyStaysAtTheEdges = noClasses()
            .that()
            .resideOutsideOfPackages(EDGES)
            .should()
            .dependOnClassesThat()
            .resideInAPackage("io.netty..")
            .because("what decides runs under the simulator, where there are no sockets");

    @ArchTest
    static final ArchRule metersAreMadeInOnePlace = noClasses()
            .that()
            .resideOutsideOfPackages("..sheep.metrics..", "..sheep.admin..", "..sheep.main..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("io.micrometer..")
            .because("SheepMetrics is the one list of meters");

    @ArchTest
    static final ArchRule theLogIsSetUpInMain = noClasses()
            .that()
            .resideOutsideOfPackage("..sheep.main..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("ch.qos.logback..")
            .because("others log through SLF4J");

    @ArchTest
    static final ArchRule storesAndDriversAreChosenInMain = noClasses()
            .that()
            .resideOutsideOfPackage("..sheep.main..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                    "org.rocksdb..",
                    "org.jgroups..",
                    "sheepdog.store.disk..",
                    "sheepdog.store.rocks..",
                    "sheepdog.store.plain..",
                    "sheepdog.membership.jgroups..",
                    "sheepdog.membership.local..",
                    "sheepdog.membership.log..",
                    "sheepdog.membership.consensus..")
            .because("features see the seams in api, so that the simulator can put its own behind them");

    @ArchTest
    static final ArchRule featuresKnowNeitherEdgesNorDispatchNorMain = noClasses()
            .that()
            .resideInAnyPackage(FEATURES)
            .should()
            .dependOnClassesThat(resideInAnyPackage(EDGES)
                    .or(resideInAnyPackage("..sheep.dispatch..", "..sheep.main..", "..runtime.real..")))
            .because("the table in main joins them");

    @ArchTest
    static final ArchRule dispatchKnowsNoFeature = noClasses()
            .that()
            .resideInAPackage("..sheep.dispatch..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(FEATURES)
            .because("the table in main joins them");

    @ArchTest
    static final ArchRule noCycles =
            slices().matching("sheepdog.sheep.(*)..").should().beFreeOfCycles();

    @ArchTest
    static final ArchRule timeIsInjected = noClasses()
            .that()
            .resideOutsideOfPackages("..runtime.real..", "..sheep.main..")
            .should()
            .callMethod(System.class, "nanoTime")
            .orShould()
            .callMethod(System.class, "currentTimeMillis")
            .orShould()
            .callMethod(java.time.Instant.class, "now")
            .orShould()
            .callMethod(java.time.LocalDateTime.class, "now")
            .orShould()
            .callMethod(Thread.class, "sleep", long.class)
            .because("simulated time must be the only time");

    @ArchTest
    static final ArchRule chanceIsInjected = noClasses()
            .that()
            .resideOutsideOfPackage("..sheep.main..")
            .should()
            .callConstructor(Random.class)
            .orShould()
            .dependOnClassesThat()
            .areAssignableTo(ThreadLocalRandom.class)
            .orShould()
            .callMethod(UUID.class, "randomUUID")
            .orShould()
            .callMethod(Math.class, "random")
            .because("a seed must bring the same run again");

    @ArchTest
    static final ArchRule threadsAreMadeInOnePlace = noClasses()
            .that()
            .resideOutsideOfPackages("..runtime.real..", "..sheep.main..")
            .should()
            .callMethodWhere(JavaCall.Predicates.target(
                            com.tngtech.archunit.core.domain.properties.HasOwner.Predicates.With.owner(
                                    com.tngtech.archunit.core.domain.JavaClass.Predicates.belongToAnyOf(Thread.class)))
                    .and(JavaCall.Predicates.target(
                            com.tngtech.archunit.core.domain.properties.HasName.Predicates.nameMatching(
                                    "ofPlatform|ofVirtual|startVirtualThread|start"))))
            .orShould()
            .dependOnClassesThat()
            .areAssignableTo(ForkJoinPool.class)
            .orShould()
            .dependOnClassesThat()
            .haveFullyQualifiedName("java.util.concurrent.Executors")
            .orShould()
            .dependOnClassesThat()
            .haveFullyQualifiedName("java.util.Timer")
            .orShould()
            .callMethodWhere(JavaCall.Predicates.target(
                            com.tngtech.archunit.core.domain.properties.HasName.Predicates.nameMatching(".*Async"))
                    .and(JavaCall.Predicates.target(
                            com.tngtech.archunit.core.domain.properties.HasOwner.Predicates.With.owner(
                                    com.tngtech.archunit.core.domain.JavaClass.Predicates.assignableTo(
                                            CompletableFuture.class)))))
            .because("the loop owns the state, and nothing may run beside it unseen");

    @ArchTest
    static final ArchRule filesBelongToTheStore = noClasses()
            .that()
            .resideOutsideOfPackage("..sheep.main..")
            .and()
            .doNotHaveFullyQualifiedName("sheepdog.sheep.net.SheepServer")
            .should()
            .dependOnClassesThat()
            .haveFullyQualifiedName("java.nio.file.Files")
            .orShould()
            .dependOnClassesThat()
            .haveNameMatching("java\\.io\\.(File|FileInputStream|FileOutputStream|RandomAccessFile)")
            .because("the disk is behind a seam; only the unix socket, left behind, is the server's to remove");

    @ArchTest
    static final ArchRule noLocks = noClasses()
            .that()
            .resideInAnyPackage(FEATURES)
            .or()
            .resideInAPackage("..sheep.dispatch..")
            .should()
            .dependOnClassesThat(resideInAPackage("java.util.concurrent.locks..")
                    .or(resideInAPackage("java.util.concurrent.atomic..")))
            .because("the state is the loop's");

    @ArchTest
    static final ArchRule noSynchronizedMethods = noMethods()
            .that()
            .areDeclaredInClassesThat()
            .resideInAnyPackage(FEATURES)
            .should()
            .haveModifier(JavaModifier.SYNCHRONIZED)
            .because("the state is the loop's");

    @ArchTest
    static final ArchRule noVolatileFields = noFields()
            .that()
            .areDeclaredInClassesThat()
            .resideInAnyPackage(FEATURES)
            .should()
            .haveModifier(JavaModifier.VOLATILE)
            .because("the state is the loop's");

    @ArchTest
    static final ArchRule onlyMainEndsTheProcessAndReadsItsSurroundings = noClasses()
            .that()
            .resideOutsideOfPackage("..sheep.main..")
            .should()
            .callMethod(System.class, "exit", int.class)
            .orShould()
            .callMethod(System.class, "getProperty", String.class)
            .orShould()
            .callMethod(System.class, "getProperty", String.class, String.class)
            .orShould()
            .callMethod(System.class, "getenv", String.class)
            .orShould()
            .callMethod(System.class, "getenv")
            .because("configuration is checked once, in main");

    @ArchTest
    static final ArchRule onlyMainWritesToTheTerminal = noClasses()
            .that()
            .resideOutsideOfPackage("..sheep.main..")
            .should()
            .accessField(System.class, "out")
            .orShould()
            .accessField(System.class, "err")
            .because("the rest has a log");

    @ArchTest
    static final ArchRule messagesAreRecords = classes()
            .that()
            .areAssignableTo(sheepdog.protocol.wire.Request.class)
            .or()
            .areAssignableTo(sheepdog.protocol.wire.Response.class)
            .should()
            .beRecords()
            .allowEmptyShould(true);

    @ArchTest
    static final ArchRule nothingIsCalledImpl = classes()
            .that(alwaysTrue())
            .should()
            .haveSimpleNameNotEndingWith("Impl")
            .andShould()
            .resideOutsideOfPackages("..util..", "..common..", "..impl..");

    @ArchTest
    static final ArchRule seamsArePublic = methods()
            .that()
            .areDeclaredInClassesThat()
            .resideInAPackage("sheepdog.sheep.runtime")
            .and()
            .areDeclaredInClassesThat()
            .areInterfaces()
            .should()
            .bePublic();
}
