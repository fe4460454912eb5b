using IngressReconciler.Cli;

return await CommandLine.RunAsync(args);
