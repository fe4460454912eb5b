using IngressReconciler.Simulation;

return Commands.Run(args);
